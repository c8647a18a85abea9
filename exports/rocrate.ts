/**
 * A run as an RO-Crate 1.1 with the profiles of Workflow Run RO-Crate 0.5 (https://w3id.org/ro/wfrun/provenance/0.5): the experiment's plan
 * is the workflow, each statement of a step an action. Of what lies between, the manifests are in the crate: they name files by their hashes.
 */
import { sourceAbout } from '../artifacts/source.js';
import { statementKey } from '../artifacts/statements.js';
import { stepName } from '../artifacts/step-record.js';
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import { sha256, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { filesUnder, jsonFile } from './files.js';
import { stepType, uriOf } from './identifiers.js';
import { licenceUri } from './licences.js';
import type { ExportContext, ExportFile, ExportFormat, Source, StatedStep, Subject } from './types.js';
import { refWords, stepWords } from '../lineage/words.js';
import { descriptionOf, licencesOf, madeOn, sourceWords, titleOf } from './words.js';

/** Statements read at a time, and the largest of them. */
const READS = 16;
const LIMIT = 64 * 1024 * 1024;
const METADATA = 'ro-crate-metadata.json';
const PLAN = 'experiment.json';
const STATEMENTS = 'statements.jsonl';
const FOLDER = 'files/';
const CRATE = 'https://w3id.org/ro/crate/1.1';
const WORKFLOW_CRATE = 'https://w3id.org/workflowhub/workflow-ro-crate/1.0';
const PROFILES = ['process', 'workflow', 'provenance'].map((name) => `https://w3id.org/ro/wfrun/${name}/0.5`);
const PARAMETER = 'https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE';

type Entity = { readonly '@id': string; readonly '@type': string | readonly string[] } & Readonly<Record<string, unknown>>;

const link = (id: string) => ({ '@id': id });
/** One alone, or several: a list of one is frowned upon. */
const links = (ids: readonly string[]) => (ids.length === 1 ? link(ids[0]) : ids.map(link));

export const rocrate: ExportFormat = {
  name: 'ro-crate',
  title: 'Workflow Run RO-Crate 0.5',
  async files(subject, context) {
    const [place] = subject.places;
    const what = refWords(subject.artifact);
    if (!place || subject.steps.length === 0)
      throw new HabsburgError(
        'invalid',
        place
          ? `no statement says how the ${what} was made, so there is no run to tell of`
          : `no run of an experiment names the ${what}, and a crate is of a run; name what a generation left (lineage show)`,
      );
    const statements = await statementsOf(subject, context);
    const others = subject.artifacts.filter(({ digest }) => digest !== subject.artifact.digest);
    return [
      jsonFile(METADATA, {
        '@context': [`${CRATE}/context`, 'https://w3id.org/ro/terms/workflow-run/context'],
        '@graph': graphOf(subject, others, statements.byteLength),
      }),
      { path: PLAN, blob: place.plan },
      { path: STATEMENTS, bytes: statements },
      ...filesUnder(FOLDER.slice(0, -1), subject.artifact),
      ...others.map(({ digest }): ExportFile => ({ path: manifestPath(digest), blob: digest })),
    ];
  },
};

/** Every statement as it lies in the store, one a line: the steps', then those about sources. */
async function statementsOf({ steps, sources }: Subject, { store: { objects } }: ExportContext): Promise<Buffer> {
  const keys = [
    ...steps.map(({ key, statement }) => statementKey(stepName(key), statement)),
    ...sources.flatMap(({ artifact, statements }) => statements.map((digest) => statementKey(sourceAbout(artifact), digest))),
  ];
  const lines = await mapBounded(keys, READS, async (key) => [await objects.read(key, LIMIT), Buffer.from('\n')]);
  return Buffer.concat(lines.flat());
}

const manifestPath = (digest: Digest): string => `artifacts/${hexOf(digest)}.json`;

function graphOf(subject: Subject, others: readonly ArtifactRef[], statementsSize: number): Entity[] {
  const { artifact, steps, sources } = subject;
  const idOf = (digest: Digest) => (digest === artifact.digest ? FOLDER : manifestPath(digest));
  const known = new Set(subject.artifacts.map(({ digest }) => digest));
  const types = [...new Map(steps.map((step) => [stepType(step), step])).values()];
  const actions = steps.map((step) => actionOf(step, idOf, known));
  // by their entities' ids what was claimed
  const licences = new Map(licencesOf(subject).map((claim) => [licenceId(claim), claim]));
  const licence = licences.size === 0 ? ['#no-licence-claimed'] : [...licences.keys()];
  const read = sources
    .filter((source) => source.artifact.digest !== artifact.digest)
    .map((source) => idOf(source.artifact.digest));
  const files = artifact.files.map(({ path }) => `${FOLDER}${encodeURI(path)}`);
  const manifests = others.map(({ digest }) => manifestPath(digest));
  const first = steps[0].invocation.startedOn;
  const last = steps.map(({ invocation }) => invocation.finishedOn).sort().at(-1)!; // prettier-ignore
  const over = { startTime: first, endTime: last };
  return [
    {
      '@id': METADATA,
      '@type': 'CreativeWork',
      conformsTo: [link(CRATE), link(WORKFLOW_CRATE)],
      about: link('./'),
    },
    {
      '@id': './',
      '@type': 'Dataset',
      name: titleOf(subject),
      description: descriptionOf(subject),
      datePublished: madeOn(subject) ?? last,
      license: links(licence),
      conformsTo: links([...PROFILES, WORKFLOW_CRATE]),
      mainEntity: link(PLAN),
      hasPart: links([PLAN, STATEMENTS, FOLDER, ...files, ...manifests]),
      mentions: links(['#run', '#temporal-execution', ...actions.flatMap(({ action, control }) => [action['@id'], control['@id']])]),
    },
    ...[...PROFILES, WORKFLOW_CRATE].map(profile),
    ...(licences.size === 0
      ? [{ '@id': '#no-licence-claimed', '@type': 'CreativeWork', name: 'No licence is claimed of the sources', description: 'Nobody has said under which terms the sources may be used.' }] // prettier-ignore
      : [...licences].map(([id, claim]) => ({ '@id': id, '@type': 'CreativeWork', name: claim, description: 'as claimed of the sources' }))),
    {
      '@id': PLAN,
      '@type': ['File', 'SoftwareSourceCode', 'ComputationalWorkflow', 'HowTo'],
      name: `plan of ${subject.places[0].experiment}`,
      encodingFormat: 'application/json',
      sha256: hexOf(subject.places[0].plan),
      programmingLanguage: link('#habsburg-plan'),
      ...(read.length > 0 && { input: link('#in') }),
      output: link('#out'),
      step: links(types.map((step) => `#step-${step.step}-v${step.stepVersion}`)),
      hasPart: links(types.map(toolId)),
    },
    { '@id': '#habsburg-plan', '@type': 'ComputerLanguage', name: 'Plan of a Habsburg experiment' },
    ...(read.length > 0
      ? [{ '@id': '#in', '@type': 'FormalParameter', additionalType: 'File', name: 'sources', conformsTo: link(PARAMETER), valueRequired: true }]
      : []),
    { '@id': '#out', '@type': 'FormalParameter', additionalType: 'Dataset', name: subject.places[0].role, conformsTo: link(PARAMETER) },
    { '@id': STATEMENTS, '@type': 'File', name: 'signed in-toto statements, a DSSE envelope a line', encodingFormat: 'application/jsonlines', contentSize: String(statementsSize) },
    {
      '@id': FOLDER,
      '@type': 'Dataset',
      name: titleOf(subject),
      description: descriptionOf(subject),
      identifier: uriOf(artifact.digest),
      ...(files.length > 0 && { hasPart: links(files) }),
      exampleOfWork: link('#out'),
    },
    ...artifact.files.map(({ path, digest, size }, i): Entity => ({ '@id': files[i], '@type': 'File', name: path, contentSize: String(size), sha256: hexOf(digest) })),
    ...others.map((ref) => manifestEntity(ref, sources)),
    ...types.flatMap((step, i): Entity[] => [
      { '@id': `#step-${step.step}-v${step.stepVersion}`, '@type': 'HowToStep', name: step.step, position: String(i), workExample: link(toolId(step)) },
      { '@id': toolId(step), '@type': 'SoftwareApplication', name: `habsburg ${step.step}`, softwareVersion: `v${step.stepVersion}`, url: stepType(step) },
    ]),
    {
      '@id': '#run',
      '@type': 'CreateAction',
      name: `${subject.places[0].experiment}/${subject.places[0].run}`,
      description: descriptionOf(subject),
      instrument: link(PLAN),
      ...(read.length > 0 && { object: links(read) }),
      result: link(FOLDER),
      actionStatus: 'http://schema.org/CompletedActionStatus',
      ...over,
    },
    { '@id': '#temporal-execution', '@type': 'OrganizeAction', name: 'execution by Temporal', instrument: link('#temporal'), object: links(actions.map(({ control }) => control['@id'])), result: link('#run'), ...over },
    { '@id': '#temporal', '@type': 'SoftwareApplication', name: 'Temporal', url: 'https://temporal.io' },
    ...actions.flatMap(({ action, control }) => [action, control]),
  ]; // prettier-ignore
}

const profile = (id: string): Entity => {
  const [name, version] = id.split('/').slice(-2);
  return { '@id': id, '@type': 'CreativeWork', name: `${name} ${id === WORKFLOW_CRATE ? '' : 'run crate'}`.trim(), version };
};

const toolId = ({ step, stepVersion }: StatedStep): string => `#habsburg-${step}-v${stepVersion}`;

/** A step, and that it was made to run. Of its outputs those that were used on the way are in the crate. */
function actionOf(
  step: StatedStep,
  idOf: (digest: Digest) => string,
  known: ReadonlySet<Digest>,
): { action: Entity; control: Entity } {
  const hex = hexOf(step.statement);
  const of = [...Object.values(step.inputs), ...Object.values(step.sources)].map(({ digest }) => digest);
  const made = Object.values(step.outputs).map(({ digest }) => digest).filter((digest) => known.has(digest)); // prettier-ignore
  const unique = (digests: readonly Digest[]) => [...new Set(digests)].map(idOf);
  return {
    action: {
      '@id': `#${hex}`,
      '@type': 'CreateAction',
      name: stepWords(step),
      description: `step ${step.key}, seed ${step.seed}, ${step.engineFingerprint}; the statement ${step.statement} says all of it`,
      instrument: link(toolId(step)),
      ...(of.length > 0 && { object: links(unique(of)) }),
      result: links(unique(made)),
      startTime: step.invocation.startedOn,
      endTime: step.invocation.finishedOn,
      actionStatus: 'http://schema.org/CompletedActionStatus',
    },
    control: {
      '@id': `#control-${hex}`,
      '@type': 'ControlAction',
      name: `orchestration of ${stepWords(step)}`,
      instrument: link(`#step-${step.step}-v${step.stepVersion}`),
      object: link(`#${hex}`),
    },
  };
}

const licenceId = (claim: string): string => licenceUri(claim) ?? `#licence-${hexOf(sha256(claim)).slice(0, 12)}`;

/** An artifact by its manifest, whose hash is the artifact's name; of a source with what is claimed of it. */
function manifestEntity(ref: ArtifactRef, sources: readonly Source[]): Entity {
  const source = sources.find(({ artifact }) => artifact.digest === ref.digest);
  return {
    '@id': manifestPath(ref.digest),
    '@type': 'File',
    name: source ? sourceWords(source) : refWords(ref),
    description: `manifest of a ${ref.kind} of ${ref.size} bytes: its files by their hashes`,
    encodingFormat: 'application/json',
    identifier: uriOf(ref.digest),
    sha256: hexOf(ref.digest),
    ...(source && { exampleOfWork: link('#in') }),
    ...(source && source.licences.length > 0 && { license: links(source.licences.map(licenceId)) }),
    ...(source && source.uris.length > 0 && { url: source.uris.length === 1 ? source.uris[0] : source.uris }),
  };
}
