/** What an export's readers read: names and sentences about a subject, from its statements alone. */
import { refWords, stepWords } from '../lineage/words.js';
import type { Source, StatedStep, Subject } from './types.js';

/** "quickstart/replace/seed-1, generation 2, opt/model"; without a place "model 50ca0f5a8e4b". */
export function titleOf({ places: [place], artifact }: Pick<Subject, 'places' | 'artifact'>): string {
  if (!place) return refWords(artifact);
  const { experiment, run, generation, role } = place;
  return `${experiment}/${run}${generation === undefined ? '' : `, generation ${generation}`}, ${role}`;
}

/** The same in letters, digits and hyphens. */
export const slugOf = (subject: Pick<Subject, 'places' | 'artifact'>): string =>
  titleOf(subject).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'); // prettier-ignore

export const sourceWords = ({ names, artifact }: Source): string => (names.length > 0 ? names.join(' | ') : refWords(artifact));

/** The steps that made the artifact itself: one, or several where it was made several times. */
export const makersOf = ({ steps, artifact }: Pick<Subject, 'steps' | 'artifact'>): StatedStep[] =>
  steps.filter(({ outputs }) => Object.values(outputs).some(({ digest }) => digest === artifact.digest));

/** What it is and how far it is from its sources, in sentences. */
export function descriptionOf(subject: Subject): string {
  const { artifact, steps, sources } = subject;
  const unattested = subject.unattested.filter(({ digest }) => digest !== artifact.digest);
  const [made] = makersOf(subject);
  const from = made
    ? `made by ${stepWords(made)}`
    : sources.some((source) => source.artifact.digest === artifact.digest)
      ? 'read from outside'
      : 'of which no statement says how it was made';
  const written = new Set(writersOf(subject).map(({ key }) => key)).size;
  const all = new Set(steps.map(({ key }) => key)).size;
  return [
    `${titleOf(subject)}: a ${artifact.kind}, ${from}.`,
    all > 0 ? `${all} steps lead to it, of which ${written} wrote data with a model.` : '',
    sources.length > 0 ? `Sources: ${sources.map(claimWords).join('; ')}.` : '',
    unattested.length > 0 ? `Nothing is stated of ${unattested.map(refWords).join(', ')}, which it was made of.` : '',
  ].filter((sentence) => sentence !== '').join(' '); // prettier-ignore
}

/** "Trees (licence as claimed: CC0-1.0; https://…)" */
export function claimWords(source: Source): string {
  const { licences, uris, origins } = source;
  const licence = licences.length > 0 ? `licence as claimed: ${licences.join(' | ')}` : 'no licence claimed';
  const written = origins.length > 0 ? [`origin as claimed: ${origins.join(' | ')}`] : [];
  return `${sourceWords(source)} (${[licence, ...written, ...uris].join('; ')})`;
}

/** When it was made: the end of the first step that did, by the clock of who made it; undefined of what nobody made. */
export const madeOn = (subject: Pick<Subject, 'steps' | 'artifact'>): string | undefined =>
  makersOf(subject).map(({ invocation }) => invocation.finishedOn).sort()[0]; // prettier-ignore

/** What the sources claim, each once; last, where some claim nothing and others do, that it is so. None where nobody claims anything. */
export function licencesOf({ sources }: Pick<Subject, 'sources'>): string[] {
  const claims = [...new Set(sources.flatMap(({ licences }) => licences))].sort();
  const silent = [...new Set(sources.filter(({ licences }) => licences.length === 0).map(sourceWords))].sort();
  return claims.length === 0 || silent.length === 0 ? claims : [...claims, `no licence claimed of ${silent.join(', ')}`];
}

/** The steps in which models wrote data. */
export const writersOf = ({ steps }: Pick<Subject, 'steps'>): StatedStep[] => steps.filter(({ step }) => step === 'generate');

/** "perplexity.self, version 1" */
export const metricWords = ({
  metric,
  variant,
  version,
}: Pick<Subject['scores'][number], 'metric' | 'variant' | 'version'>): string => `${metric}.${variant}, version ${version}`;
