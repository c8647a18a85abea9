/** A fork: an experiment of one condition as it was and as it goes on with other settings from a generation on. Pure. */
import { HabsburgError } from '../common/errors.js';
import { pathText, valueAt } from './problems.js';
import { applySets } from './sets.js';
import { nearest } from './suggest.js';

export interface ForkRequest {
  /** of the forked experiment */
  readonly condition: string;
  /** absent: all */
  readonly seed?: number;
  /** the first generation with other settings */
  readonly generation: number;
  /** `--set` values: paths as in a phase; where there is one member, also paths inside it */
  readonly sets: readonly string[];
  /** the new experiment's name */
  readonly name: string;
  /** its last generation */
  readonly generations: number;
}

export interface Fork {
  readonly document: Readonly<Record<string, unknown>>;
  /** of the condition that goes on otherwise */
  readonly condition: string;
  /** by the path of what it sets, the `--set` as it was typed */
  readonly settings: readonly { readonly path: string; readonly text: string }[];
}

type Mapping = Readonly<Record<string, unknown>>;
interface PhaseWords extends Mapping {
  readonly from: number;
}

/** @param document what the forked experiment's file says */
export function forkOf(document: unknown, request: ForkRequest): Fork {
  const { generation: from, name, generations, seed } = request;
  const { title, ...rest } = document as Mapping;
  const original = (rest.conditions as readonly Mapping[]).find((one) => one.name === request.condition)!;
  const phases = (original.phases ?? []) as readonly PhaseWords[];
  const mixture = [...phases.filter((phase) => phase.from <= from).reverse(), original].find((words) => words.mixture !== undefined)?.mixture; // prettier-ignore
  const here = phases.find((phase) => phase.from === from);
  const { phase, paths } = changed(here ?? {}, mixture, request.sets, membersOf(document));
  const later = [...phases.filter((one) => one !== here), { from, ...phase }].sort((a, b) => a.from - b.from);
  const condition = `${request.condition}-from-${from}`.slice(-60).replace(/^-+/, '');
  const at = ['conditions', 1, 'phases', later.findIndex((one) => one.from === from)];
  return {
    condition,
    document: {
      ...rest,
      name,
      ...(title === undefined ? {} : { title }),
      ...(seed === undefined ? {} : { seeds: [seed] }),
      generations,
      conditions: [original, { ...original, name: condition, phases: later }],
    },
    settings: paths.map(({ path, text }) => ({ text, path: pathText([...at, ...path]) })),
  };
}

/** A phase with `--set`s in it. `mixture.share=0.1` changes the mixture that holds; another kind begins a new one. */
function changed(phase: Mapping, mixture: unknown, sets: readonly string[], members: readonly string[]) {
  const placed = sets.map((text) => inPhase(text, members, mixture !== undefined));
  const apply = (to: Mapping) => {
    const { data, settings, problems } = applySets(to, placed);
    if (problems.length > 0) {
      const [{ text, message, suggestion }] = problems;
      throw new HabsburgError('invalid', `--set ${sets[placed.indexOf(text)]} ${message}${suggestion ? `; ${suggestion}` : ''}`);
    }
    return { data: data as Mapping, settings };
  };
  const usual = { ...phase, mixture: phase.mixture ?? mixture };
  const first = apply(usual);
  const touches = first.settings.some(({ path }) => path[0] === 'mixture');
  const { mixture: _, ...bare } = usual;
  const another = valueAt(first.data, ['mixture', 'kind']) !== valueAt(usual, ['mixture', 'kind']);
  const { data, settings } = !touches ? apply(phase) : another ? apply(bare) : first;
  const paths = settings.map(({ path, text }) => ({ path, text: sets[placed.indexOf(text)] }));
  return { phase: data, paths };
}

/** Where a `--set` of a fork goes, inside the phase. */
function inPhase(text: string, members: readonly string[], shared: boolean): string {
  const [step] = text.split(/[.=]/, 1);
  if (step === 'override') return text;
  if (step === 'mixture' && shared) return text;
  if (members.length === 1) return `override.${members[0]}.${text}`;
  if (step === 'mixture') return text;
  const guess = nearest(step, members);
  throw new HabsburgError(
    'invalid',
    `--set ${text}: there are several members (${members.join(', ')}); write override.${guess ?? members[0]}.${members.includes(step) ? text.slice(step.length + 1) : text}`,
  );
}

function membersOf(document: unknown): string[] {
  return (valueAt(document, ['population']) as readonly { readonly name: string }[]).map(({ name }) => name);
}
