/** Where the records of a set come from: shares by source, member and generation, and of a record which texts led to it. */
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { RECORDS_FILE, type DataRecord, type RecordHead } from './records.js';
import { SELECTION_FILE, parseSelection, piecesOf, type Piece } from './selection.js';

/** Reads a file of an artifact. */
export type ReadFile = (digest: Digest, path: string) => Promise<Buffer>;

/** Who wrote it; the text where it is one. */
export type Ancestor = RecordHead & Partial<Pick<DataRecord, 'text' | 'prompt'>>;

/** Records of one origin. */
export interface Share {
  /** of real records: what they were read from */
  readonly source?: string;
  /** of written ones: by whom, in which generation */
  readonly member?: string;
  readonly generation?: number;
  readonly records: number;
  /** of all records of the set, in [0, 1] */
  readonly share: number;
  /** of what they count for in the loss, in [0, 1]; absent where all count alike */
  readonly lossShare?: number;
}

export class Ancestry {
  readonly #datasets = new Map<Digest, Promise<readonly Ancestor[]>>();
  readonly #named = new Map<Digest, Promise<ReadonlyMap<string, Ancestor>>>();

  /**
   * @param read a file of the store
   * @param promptsOf what a member continued in a generation; undefined where that is not known
   */
  constructor(
    private readonly read: ReadFile,
    private readonly promptsOf: (member: string, generation: number) => ArtifactRef | undefined,
  ) {}

  /** Real records first, then written ones, oldest first. */
  async sharesOf(set: ArtifactRef): Promise<Share[]> {
    const found = new Map<string, { readonly of: Omit<Share, 'records' | 'share'>; records: number; weight: number }>();
    let [records, weights] = [0, 0];
    for (const piece of await this.#pieces(set)) {
      const { weight = 1 } = piece;
      for (const { origin } of await this.#recordsOf(piece)) {
        const of = origin.kind === 'real' ? { source: origin.source } : { member: origin.member, generation: origin.generation };
        const key = JSON.stringify(of);
        const one = found.get(key) ?? { of, records: 0, weight: 0 };
        one.records++;
        one.weight += weight;
        found.set(key, one);
        records++;
        weights += weight;
      }
    }
    const alike = Math.abs(weights - records) < 1e-9 * records;
    const age = ({ generation = -1 }: Share) => generation;
    return [...found.values()]
      .map((one): Share => ({
        ...one.of,
        records: one.records,
        share: one.records / records,
        ...(!alike && { lossShare: one.weight / weights }),
      })) // prettier-ignore
      .sort((a, b) => age(a) - age(b));
  }

  /** So many records, evenly through the set, each with its ancestors: itself, what it continues, and so on back to a real text. */
  async linesOf(set: ArtifactRef, count: number): Promise<Ancestor[][]> {
    const all: Ancestor[] = [];
    for (const piece of await this.#pieces(set)) for (const record of await this.#recordsOf(piece)) all.push(record);
    const taken = Math.min(count, all.length);
    const chosen = Array.from({ length: taken }, (_, i) => all[Math.floor((i * all.length) / taken)]);
    const lines: Ancestor[][] = [];
    for (const record of chosen) lines.push(await this.#lineOf(record));
    return lines;
  }

  async #lineOf(record: Ancestor): Promise<Ancestor[]> {
    const line = [record];
    for (;;) {
      const { origin } = line[line.length - 1];
      if (origin.kind === 'real' || origin.prompt === undefined) return line;
      const set = this.promptsOf(origin.member, origin.generation);
      const before = set && (await this.#byId(set)).get(origin.prompt);
      if (before === undefined) return line;
      line.push(before);
    }
  }

  async #pieces({ kind, digest }: ArtifactRef): Promise<Piece[]> {
    if (kind === 'selection')
      return piecesOf(digest, async (of) => parseSelection(await this.read(of, SELECTION_FILE), `selection ${of}`));
    return [{ dataset: digest, first: 0, count: (await this.#dataset(digest)).length }];
  }

  async #recordsOf({ dataset, first, count }: Piece): Promise<readonly Ancestor[]> {
    return (await this.#dataset(dataset)).slice(first, first + count);
  }

  #dataset(digest: Digest): Promise<readonly Ancestor[]> {
    const known = this.#datasets.get(digest) ?? this.read(digest, RECORDS_FILE).then((bytes) => parse(bytes, digest));
    this.#datasets.set(digest, known);
    return known;
  }

  #byId(set: ArtifactRef): Promise<ReadonlyMap<string, Ancestor>> {
    const index = async () => {
      const named = new Map<string, Ancestor>();
      for (const piece of await this.#pieces(set))
        for (const record of await this.#recordsOf(piece)) named.set(record.id, record);
      return named;
    };
    const known = this.#named.get(set.digest) ?? index();
    this.#named.set(set.digest, known);
    return known;
  }
}

/** Heads and texts, line by line: a whole file may be longer than a string can be. */
function parse(bytes: Buffer, digest: Digest): Ancestor[] {
  const records: Ancestor[] = [];
  for (let from = 0, to = bytes.indexOf(10); from < bytes.length; from = to + 1, to = bytes.indexOf(10, from)) {
    if (to < 0) to = bytes.length;
    if (to === from) continue;
    try {
      const { id, origin, text, prompt } = JSON.parse(bytes.toString('utf8', from, to)) as DataRecord;
      records.push({ id, origin, ...(text !== undefined && { text }), ...(prompt && { prompt }) });
    } catch (cause) {
      throw new HabsburgError('verification', `dataset ${digest}: record ${records.length} is not JSON; the dataset is damaged`, { cause }); // prettier-ignore
    }
  }
  return records;
}
