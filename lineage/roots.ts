/** What is to be withdrawn: a record by its id, a text wherever records say it, or a source. */
import { orDamage, unlessDamaged } from '../artifacts/damage.js';
import type { ArtifactStore } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import type { DataRecord } from '../pool/records.js';
import type { LineageGraph } from './graph.js';
import { eachLine, recordIn } from './lines.js';
import { normalised } from './records.js';

/** A record that was found. */
export interface FoundRecord {
  readonly dataset: Digest;
  readonly at: number;
  readonly id: string;
  readonly text: string;
  /** of a row of a template */
  readonly prompt?: string;
  readonly written: boolean;
}

/** Records that were found, and datasets whose bytes are gone or damaged, in which nobody looked. */
export interface Search {
  readonly found: readonly FoundRecord[];
  readonly lost: readonly Digest[];
}

/**
 * A record by its id.
 * @param among datasets; absent: all that steps read real data into
 * @throws 'notFound'; 'invalid' where datasets hold different records of this id
 */
export async function recordCalled(
  store: ArtifactStore,
  graph: LineageGraph,
  id: string,
  among?: readonly Digest[],
): Promise<Search> {
  const found: (FoundRecord & { readonly line: string })[] = [];
  const lost: Digest[] = [];
  for (const dataset of among ?? datasetsOf(graph, (step) => step === 'prepare' || step === 'view')) {
    let at = 0;
    const tell = JSON.stringify(id);
    const specials = await specialsOf(store, graph, dataset);
    const read = await readable(store, dataset, (line) => {
      const record = line.includes(tell) ? recordIn(line, dataset) : undefined;
      if (record?.id === id) found.push({ ...foundAt(dataset, at, record, specials), line: line.toString('utf8') });
      at++;
    });
    if (!read) lost.push(dataset);
  }
  if (found.length === 0)
    throw new HabsburgError(
      'notFound',
      `no record of ${among ? `dataset ${among[0]}` : 'the data that steps have read'} is called ${id}${besides(lost)}`,
    );
  if (new Set(found.map(({ line }) => line)).size > 1)
    throw new HabsburgError('invalid', `${found.length} datasets have different records that are called ${id}; name one with --in: ${found.slice(0, 4).map(({ dataset }) => dataset).join(', ')}`); // prettier-ignore
  return { found: found.map(({ line: _, ...record }) => record), lost };
}

/**
 * Records of any dataset that say a text: in themselves, or where lines were cut into blocks, several one after the other, after the
 * normalisation of `lineage prove`.
 * @throws 'notFound'
 */
export async function recordsSaying(store: ArtifactStore, graph: LineageGraph, text: string): Promise<Search> {
  const wanted = normalised(text);
  if (wanted === '') throw new HabsburgError('invalid', '--text is empty');
  const found = new Set<FoundRecord>();
  const lost: Digest[] = [];
  for (const dataset of datasetsOf(graph, () => true)) {
    let at = 0;
    const read: FoundRecord[] = [];
    const saying = new Saying(wanted);
    const specials = await specialsOf(store, graph, dataset);
    const whole = await readable(store, dataset, (line) => {
      const record = recordIn(line, dataset);
      // images and points say nothing
      if ((record.text as string | undefined) === undefined) return;
      const one = foundAt(dataset, at++, record, specials);
      if (one.prompt !== undefined) {
        if (normalised(`${one.prompt}${one.text}`).includes(wanted)) found.add(one);
        return;
      }
      read.push(one);
      const said = saying.add(one.text);
      for (const part of said === 0 ? [] : read.slice(-said)) found.add(part);
      if (read.length > 2 * wanted.length + 2) read.splice(0, wanted.length);
    });
    if (!whole) lost.push(dataset);
  }
  if (found.size === 0)
    throw new HabsburgError('notFound', `no record of any dataset in ${store.objects.url} says that text${besides(lost)}`);
  return { found: [...found], lost };
}

const besides = (lost: readonly Digest[]): string => (lost.length === 0 ? '' : `; ${lost.length} could not be read, their bytes are gone or damaged`); // prettier-ignore

/** @returns whether the dataset is there, whole */
async function readable(store: ArtifactStore, dataset: Digest, take: (line: Buffer) => void): Promise<boolean> {
  const told = await orDamage(() => eachLine(store, { kind: 'dataset', digest: dataset }, take));
  return typeof told !== 'string';
}

/** Pieces of a text, one after the other, which together say another. */
export class Saying {
  #open: string[] = [];

  /** @param wanted normalised @param between what joins pieces */
  constructor(
    private readonly wanted: string,
    private readonly between = '',
  ) {}

  /** @returns how many pieces up to this one say it, not having said it before; 0: none do */
  add(piece: string): number {
    const before = this.#open;
    this.#open = [...before, piece];
    let said = 0;
    for (let first = before.length; first >= 0 && said === 0; first--) {
      const now = occurrences(this.#open.slice(first).join(this.between), this.wanted);
      if (now > occurrences(before.slice(first).join(this.between), this.wanted)) said = this.#open.length - first;
    }
    // what begins in a piece may end in one behind it, as far as it is long
    while (this.#open.length > 1 && normalised(this.#open.slice(1).join(this.between)).length > this.wanted.length)
      this.#open.shift();
    return said;
  }
}

function occurrences(text: string, wanted: string): number {
  const whole = normalised(text);
  let count = 0;
  for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + 1)) count++;
  return count;
}

function foundAt(
  dataset: Digest,
  at: number,
  { id, text, prompt, origin }: DataRecord,
  specials: readonly string[],
): FoundRecord {
  const bare = (of: string) => specials.reduce((rest, special) => rest.replaceAll(special, '\n'), of);
  return {
    dataset,
    at,
    id,
    text: bare(text),
    written: origin.kind === 'generated',
    ...(prompt && { prompt: bare(prompt.text) }),
  };
}

function datasetsOf({ steps }: LineageGraph, of: (step: string) => boolean): Digest[] {
  const outputs = [...steps.values()].flatMap(([made]) => (of(made.step) ? Object.values(made.outputs) : []));
  return [...new Set(outputs.filter(({ kind, files }) => kind === 'dataset' && files.some(({ path }) => path === 'records.jsonl')).map(({ digest }) => digest))]; // prettier-ignore
}

/** Tokens of a dataset's tokenizer that are no text, such as what begins a line. */
export async function specialsOf(store: ArtifactStore, graph: LineageGraph, dataset: Digest): Promise<string[]> {
  const [made] = graph.makers.get(dataset) ?? [];
  const tokenizer = made && (made.outputs.tokenizer ?? made.inputs.reader ?? made.inputs.tokenizer);
  if (!tokenizer) return [];
  const manifest = await store.manifest(tokenizer.digest).catch(unlessDamaged);
  if (!manifest?.files.some(({ path }) => path === 'tokenizer.json')) return [];
  const { added_tokens: added = [] } = JSON.parse((await store.readFile(tokenizer.digest, 'tokenizer.json')).toString('utf8')) as { added_tokens?: readonly { readonly content: string; readonly special?: boolean }[] }; // prettier-ignore
  return added.filter(({ special }) => special).map(({ content }) => content);
}
