/**
 * How to do without what was looked for: its source without it, and the steps that this computes anew. A record that stays in a dataset stays in
 * the ancestry of all that is drawn from it, so what is withdrawn has to be gone before the data are read.
 */
import { unlessDamaged } from '../artifacts/damage.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import { canonicalJson, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { fillTemplate, parseRecords } from '../data/template.js';
import type { TemplatePlan } from '../kinds/text/templates.js';
import type { Datasets } from './datasets.js';
import { exposuresOf } from './exposures.js';
import { factsOf, type LineageGraph, type Made } from './graph.js';
import type { Impact } from './impact.js';
import { normalised } from './records.js';
import { Saying, type FoundRecord } from './roots.js';
import { ancestryOf } from './walk.js';

/** A run that something of it went into. */
export interface RunTouched {
  readonly experiment: string;
  readonly plan: Digest;
  readonly run: string;
  /** those with something that depends on it for certain, and those where that is only possible */
  readonly certain: readonly number[];
  readonly possible: readonly number[];
}

/** In the order in which a run does them; others follow by name. */
const STEPS: readonly string[] = ['prepare', 'simulate', 'view', 'sample', 'finetune', 'generate', 'postprocess'];

/** The steps that are computed again where the data are read without it, in these runs alone. */
export interface Recomputation {
  /** by kind of step */
  readonly again: Readonly<Record<string, number>>;
  /** of the same runs, what keeps its key */
  readonly reused: Readonly<Record<string, number>>;
  readonly trainTokens: number;
  readonly writeTokens: number;
  /** steps whose tokens are not among them, since records are gone */
  readonly uncounted: number;
  /** sources that are read without it: their names, and the settings of an experiment that name them */
  readonly sources: readonly {
    readonly digest: Digest;
    readonly names: readonly string[];
    readonly settings: readonly string[];
  }[];
}

export function runsOf(graph: LineageGraph, { touched }: Impact): RunTouched[] {
  const runs = new Map<string, RunTouched & { certain: number[]; possible: number[] }>();
  for (const [digest, { certain }] of touched)
    for (const { result } of graph.belongs.get(digest) ?? []) {
      const { experiment, plan, run, generations } = result;
      if (!generations) continue;
      const name = `${experiment} ${plan} ${run}`;
      const one = runs.get(name) ?? { experiment, plan, run, certain: [], possible: [] };
      for (let t = generations.from; t <= generations.to; t++) one[certain ? 'certain' : 'possible'].push(t);
      runs.set(name, one);
    }
  const ascending = (of: Iterable<number>) => [...new Set(of)].sort((a, b) => a - b);
  return [...runs.values()]
    .map((one) => ({
      ...one,
      certain: ascending(one.certain),
      possible: ascending(one.possible.filter((t) => !one.certain.includes(t))),
    }))
    .sort((a, b) => (`${a.experiment}/${a.run}` < `${b.experiment}/${b.run}` ? -1 : 1));
}

/** @param what sources, and records of which those that are real are withdrawn from what they were read from */
export async function recomputationOf(
  datasets: Datasets,
  runs: readonly RunTouched[],
  { sources, found }: { readonly sources: ReadonlySet<Digest>; readonly found: readonly FoundRecord[] },
): Promise<Recomputation> {
  const { graph } = datasets;
  const read = new Set([...sources, ...sourcesOf(graph, found)]);
  // whoever else reads the same source, in other tokens say, reads it without, too
  const roots = new Map<Made, readonly string[]>();
  for (const [made] of graph.steps.values()) {
    const roles = Object.entries(made.sources).flatMap(([role, { digest }]) => (read.has(digest) ? [role] : []));
    if (roles.length > 0) roots.set(made, roles);
  }
  const changed = downstream(graph, roots);
  const results = graph.results.filter(({ experiment, plan, run }) => runs.some((one) => one.experiment === experiment && one.plan === plan && one.run === run)); // prettier-ignore
  const made = new Map(ancestryOf(graph, results.flatMap(({ artifacts }) => Object.values(artifacts))).made.map((one) => [one.key, one])); // prettier-ignore
  const again: Record<string, number> = {};
  const reused: Record<string, number> = {};
  let [trainTokens, writeTokens, uncounted] = [0, 0, 0];
  const place = ({ step }: Made) => STEPS.indexOf(step) + 1 || STEPS.length + 1;
  for (const one of [...made.values()].sort((a, b) => place(a) - place(b) || (a.step < b.step ? -1 : 1))) {
    const counts = changed.has(one.key) ? again : reused;
    counts[one.step] = (counts[one.step] ?? 0) + 1;
    if (!changed.has(one.key)) continue;
    const tokens = await tokensOf(datasets, one).catch(unlessDamaged);
    if (!tokens) uncounted++;
    trainTokens += tokens?.train ?? 0;
    writeTokens += tokens?.write ?? 0;
  }
  return { again, reused, trainTokens, writeTokens, uncounted, sources: settingsOf(graph, roots, made) };
}

/** Of a fit the tokens that it was trained on, of a generation those that it wrote. */
async function tokensOf(datasets: Datasets, made: Made): Promise<{ readonly train?: number; readonly write?: number }> {
  if (made.step === 'finetune')
    return { train: (await exposuresOf(datasets, made)).parts.reduce((sum, { tokens }) => sum + tokens, 0) };
  let write = 0;
  for (const { digest } of made.step === 'generate' ? Object.values(made.outputs) : []) {
    const { tokens, promptTokens } = await datasets.rows(digest);
    tokens.forEach((count, i) => (write += count - promptTokens[i]));
  }
  return { write };
}

/** What records that were found were read from. */
export function sourcesOf(graph: LineageGraph, found: readonly FoundRecord[]): Digest[] {
  const held = new Set(found.filter(({ written }) => !written).map(({ dataset }) => dataset));
  const digests = [...held].flatMap((dataset) =>
    (graph.makers.get(dataset) ?? []).flatMap((made) =>
      Object.entries(made.outputs).flatMap(([name, { digest }]) => {
        const source = digest === dataset ? made.sources[roleOf(made, name)] : undefined;
        return source ? [source.digest] : [];
      }),
    ),
  );
  return [...new Set(digests)].sort();
}

/** What a split is read from: a file of its own, or what is held out of the training file. */
const roleOf = ({ sources }: Made, output: string): string => [output, 'text', 'images', 'train'].find((role) => sources[role] !== undefined) ?? output; // prettier-ignore

function settingsOf(graph: LineageGraph, roots: ReadonlyMap<Made, readonly string[]>, used: ReadonlyMap<Digest, Made>) {
  const found = new Map<Digest, Set<string>>();
  for (const [made, roles] of roots)
    for (const role of used.has(made.key) ? roles : []) {
      const source = made.sources[role];
      if (!source) continue;
      const setting =
        made.step === 'prepare' || made.step === 'simulate' ? (role === 'base' ? 'base.source' : `data.${role}`) : 'from';
      found.set(source.digest, (found.get(source.digest) ?? new Set()).add(setting));
    }
  return [...found].map(([digest, settings]) => ({
    digest,
    names: [...new Set((graph.claims.get(digest) ?? []).map(({ name }) => name))],
    settings: [...settings].sort(),
  }));
}

/** Keys of steps that read, however many steps later, what these have left; and their own. */
function downstream(graph: LineageGraph, roots: ReadonlyMap<Made, readonly string[]>): Set<Digest> {
  const keys = new Set<Digest>([...roots.keys()].map(({ key }) => key));
  // of a step that reads anew the outputs that do not hold it come out as they were
  const outputs = new Set<Digest>();
  for (const [made, roles] of roots)
    for (const [name, { digest }] of Object.entries(made.outputs)) {
      const trained = name === 'tokenizer' || name === 'truth';
      if (trained ? roles.includes('train') : name === 'base' ? roles.includes('base') : roles.includes(roleOf(made, name)) || made.step !== 'prepare') outputs.add(digest); // prettier-ignore
    }
  const readers = new Map<Digest, Made[]>();
  for (const [made] of graph.steps.values()) for (const { digest } of Object.values(made.inputs)) addTo(readers, digest, made);
  // a Set is walked to its end, what is added on the way too
  for (const output of outputs)
    for (const { key, outputs: more } of readers.get(output) ?? []) {
      keys.add(key);
      for (const { digest } of Object.values(more)) outputs.add(digest);
    }
  return keys;
}

/** A source's file without what is withdrawn. */
export interface Rest {
  readonly text: string;
  readonly lines: number;
  readonly removed: number;
}

/**
 * The text of a source without the lines that say any of it, until none does.
 * @throws 'invalid' where it is no file of lines; 'notFound' where its bytes were not kept
 */
export async function restOf(
  datasets: Datasets,
  source: Digest,
  { found, text }: { readonly found: readonly FoundRecord[]; readonly text?: string },
): Promise<Rest> {
  // prettier-ignore
  const { store, graph } = datasets;
  const lines = await linesOf(store, { kind: 'source', digest: source, size: 0 });
  const templates = await templatesOf(store, graph, source);
  let rest = lines;
  const needles = text === undefined ? found.filter(({ written }) => !written) : [];
  for (;;) {
    const gone = new Set<number>();
    const wanted = text === undefined ? needles.filter(({ prompt }) => prompt === undefined).map((one) => normalised(withoutCuts(one.text))) : [normalised(text)]; // prettier-ignore
    if (templates.length > 0) for (const at of rowsSaying(rest, templates, needles, text)) gone.add(at);
    else
      for (const one of wanted.filter((words) => words !== '')) {
        const saying = new Saying(one, '\n');
        for (const [at, line] of rest.entries()) for (let said = saying.add(line); said > 0; said--) gone.add(at - said + 1);
      }
    if (gone.size === 0) break;
    rest = rest.filter((_, at) => !gone.has(at));
  }
  return { text: rest.map((line) => `${line}\n`).join(''), lines: rest.length, removed: lines.length - rest.length };
}

/** A block begins and ends where it was cut: within a character there may be half of one. */
const withoutCuts = (text: string): string => text.replace(/^\uFFFD+|\uFFFD+$/g, '');

async function linesOf(store: ArtifactStore, source: ArtifactRef): Promise<string[]> {
  const { files } = await store.manifest(source.digest);
  const bytes = files.length === 1 ? await store.readFile(source.digest, files[0].path) : undefined;
  if (!bytes || files[0].path !== 'text' || bytes.subarray(0, 4).toString('latin1') === 'PAR1')
    throw new HabsburgError('invalid', `source ${source.digest} is no text file of lines (${files.map(({ path }) => path).slice(0, 3).join(', ')}); make one without it by hand`); // prettier-ignore
  const lines = bytes.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The templates that records of a source were read through; none where lines were cut into blocks. */
async function templatesOf(store: ArtifactStore, graph: LineageGraph, source: Digest): Promise<TemplatePlan[]> {
  const found = new Map<string, TemplatePlan>();
  for (const [made] of graph.steps.values()) {
    if (!Object.values(made.sources).some(({ digest }) => digest === source)) continue;
    const { template } = ((await factsOf(store, made)).parameters ?? {}) as { readonly template?: TemplatePlan };
    if (template) found.set(canonicalJson(template), template);
  }
  return [...found.values()];
}

/** Lines of records that are one of those that were found, or say a text in the template's words or in any of their fields. */
function rowsSaying(
  lines: readonly string[],
  templates: readonly TemplatePlan[],
  needles: readonly FoundRecord[],
  text?: string,
): number[] {
  const wanted = text === undefined ? undefined : normalised(text);
  return lines.flatMap((line, at) => {
    if (line.trim() === '') return [];
    const [record] = parseRecords(line, 'the source');
    if (wanted !== undefined && strings(record.fields).some((value) => normalised(value).includes(wanted))) return [at];
    const said = templates.some((template) => {
      const { prompt, answer } = fillTemplate(template, record);
      const [before, after] = [normalised(prompt.text), normalised(answer().text)];
      if (wanted !== undefined) return normalised(`${prompt.text}${answer().text}`).includes(wanted);
      return needles.some((one) => normalised(one.text) === after && normalised(one.prompt ?? '').endsWith(before));
    });
    return said ? [at] : [];
  });
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}
