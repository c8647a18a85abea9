/** Whose words the records of datasets are and how long they are, as their own lines and the statements of their making say. */
import type { ArtifactStore } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import type { DataRecord } from '../pool/records.js';
import { SELECTION_FILE, parseSelection, piecesOf, type Piece, type SelectionDocument } from '../pool/selection.js';
import type { LineageGraph, Made } from './graph.js';
import { eachRecord } from './lines.js';

/** Of real texts the sources that they were read from, none where no statement says; of others the model. */
export type Writer = { readonly sources: readonly Digest[] } | { readonly model: Digest };

/** The records of a dataset in their order, a number each. */
export interface Rows {
  readonly count: number;
  /** of the whole record; 0 where it is no text */
  readonly tokens: Uint32Array;
  /** UTF-8 */
  readonly bytes: Uint32Array;
  /** of these, how many are the prompt of a template */
  readonly promptTokens: Uint32Array;
  readonly promptBytes: Uint32Array;
  /** places in `writers` */
  readonly by: Uint32Array;
  readonly writers: readonly Writer[];
  /** of written rows with a template's prompt, the id of the record that this is from, by their places */
  readonly continues: ReadonlyMap<number, string>;
  /** 1: an operator has changed the text: it is part of what was written, or something else stands in its place */
  readonly changed: Uint8Array;
}

/** Reads each dataset once. */
export class Datasets {
  readonly #rows = new Map<Digest, Rows>();
  readonly #ids = new Map<Digest, ReadonlyMap<string, number>>();

  constructor(
    readonly store: ArtifactStore,
    readonly graph: LineageGraph,
  ) {}

  /** A set of records as stretches of datasets. */
  async pieces({ kind, digest }: { readonly kind: string; readonly digest: Digest }): Promise<readonly Piece[]> {
    if (kind !== 'selection') return [{ dataset: digest, first: 0, count: (await this.rows(digest)).count }];
    return piecesOf(digest, (of) => this.selection(of));
  }

  async selection(digest: Digest): Promise<SelectionDocument> {
    return parseSelection(await this.store.readFile(digest, SELECTION_FILE), `selection ${digest}`);
  }

  /** @throws 'verification' where the bytes are others, or statements say that a dataset was made of itself */
  async rows(dataset: Digest, within: readonly Digest[] = []): Promise<Rows> {
    const known = this.#rows.get(dataset);
    if (known) return known;
    if (within.includes(dataset)) throw new HabsburgError('verification', `statements say that dataset ${dataset} was made of itself`); // prettier-ignore
    const inside = [...within, dataset];
    const [tokens, bytes, promptTokens, promptBytes, by]: number[][] = [[], [], [], [], []];
    const continues = new Map<number, string>();
    const changed: number[] = [];
    const writers: Writer[] = [];
    const places = new Map<string, number>();
    const sources = await this.#sourcesOf(dataset, inside);
    const isChanged = await this.#changes(dataset, inside);
    await eachRecord(this.store, dataset, (record) => {
      const { origin, prompt } = record;
      const who = origin.kind === 'real' ? 'real' : origin.model;
      let place = places.get(who);
      if (place === undefined) {
        place = writers.push(origin.kind === 'real' ? { sources } : { model: origin.model as Digest }) - 1;
        places.set(who, place);
      }
      const before = prompt ? Buffer.byteLength(prompt.text) : 0;
      tokens.push(record.tokens?.length ?? 0);
      bytes.push(before + Buffer.byteLength(record.text ?? ''));
      promptTokens.push(prompt?.tokens ?? 0);
      promptBytes.push(before);
      by.push(place);
      if (prompt && origin.kind === 'generated' && origin.prompt !== undefined) continues.set(by.length - 1, origin.prompt);
      changed.push(isChanged(record) ? 1 : 0);
    });
    const rows: Rows = {
      count: by.length,
      tokens: Uint32Array.from(tokens),
      bytes: Uint32Array.from(bytes),
      promptTokens: Uint32Array.from(promptTokens),
      promptBytes: Uint32Array.from(promptBytes),
      by: Uint32Array.from(by),
      writers,
      continues,
      changed: Uint8Array.from(changed),
    };
    this.#rows.set(dataset, rows);
    return rows;
  }

  /** The place of each record by its id; of several of one id, the first. */
  async ids(dataset: Digest): Promise<ReadonlyMap<string, number>> {
    const known = this.#ids.get(dataset);
    if (known) return known;
    const ids = new Map<string, number>();
    await eachRecord(this.store, dataset, ({ id }, at) => {
      if (!ids.has(id)) ids.set(id, at);
    });
    this.#ids.set(dataset, ids);
    return ids;
  }

  /** Who wrote the prompt that a model continued: it may have been handed on through several generations. */
  async writerOfPrompt(model: Digest, id: string): Promise<Writer> {
    const asked = new Set<string>();
    for (let [who, what]: [Digest, string] = [model, id]; ;) {
      if (asked.has(`${who} ${what}`)) throw new HabsburgError('verification', `statements say that the prompt ${id} was continued from itself`); // prettier-ignore
      asked.add(`${who} ${what}`);
      const found = await this.#promptAt(who, what);
      if (!found) return { sources: [] };
      const { rows, at } = found;
      const writer = rows.writers[rows.by[at]];
      const next = rows.continues.get(at);
      if ('sources' in writer || next === undefined) return writer;
      [who, what] = [writer.model, next];
    }
  }

  async #promptAt(model: Digest, id: string): Promise<{ rows: Rows; at: number } | undefined> {
    for (const made of this.#generators().get(model) ?? [])
      for (const dataset of new Set((await this.pieces(made.inputs.prompts)).map((piece) => piece.dataset))) {
        const at = (await this.ids(dataset)).get(id);
        if (at !== undefined) return { rows: await this.rows(dataset), at };
      }
    return undefined;
  }

  #byModel?: Map<Digest, Made[]>;
  #generators() {
    if (this.#byModel) return this.#byModel;
    this.#byModel = new Map();
    for (const made of [...this.graph.steps.values()].flat())
      if (made.step === 'generate' && made.inputs.model && made.inputs.prompts)
        addTo(this.#byModel, made.inputs.model.digest, made);
    return this.#byModel;
  }

  /** What the real records of a dataset were read from: by the step that read them, however many steps back. */
  async #sourcesOf(dataset: Digest, within: readonly Digest[]): Promise<Digest[]> {
    const found = new Set<Digest>();
    for (const { inputs, outputs, sources } of this.graph.makers.get(dataset) ?? []) {
      // a split without a file of its own is held out from train; a view reads one source
      for (const [name, { digest }] of Object.entries(outputs))
        if (digest === dataset) {
          const from = sources[name] ?? sources.text ?? sources.images ?? sources.train;
          if (from) found.add(from.digest);
        }
      if (!inputs.set || Object.keys(sources).length > 0) continue;
      for (const one of await this.#madeOf(inputs.set, within)) for (const source of await this.#sourcesOf(one, [...within, one])) found.add(source); // prettier-ignore
    }
    return [...found].sort();
  }

  /** The datasets that a set takes records of. */
  async #madeOf(set: { readonly kind: string; readonly digest: Digest }, within: readonly Digest[]): Promise<Digest[]> {
    const datasets = set.kind === 'selection' ? (await this.pieces(set)).map((piece) => piece.dataset) : [set.digest];
    const own = datasets.find((one) => within.includes(one));
    if (own) throw new HabsburgError('verification', `statements say that dataset ${own} was made of itself`);
    return [...new Set(datasets)];
  }

  /** Which records of a dataset are not as they were written, by what operators were given. */
  async #changes(dataset: Digest, within: readonly Digest[]): Promise<(record: DataRecord) => boolean> {
    for (const { step, inputs } of this.graph.makers.get(dataset) ?? []) {
      if (!inputs.set || (step !== 'postprocess' && step !== 'view')) continue;
      const before = new Map<string, { readonly tokens: string; readonly changed: boolean; readonly place: number }>();
      for (const one of await this.#madeOf(inputs.set, within)) {
        const { changed } = await this.rows(one, within);
        await eachRecord(this.store, one, ({ id, tokens }, at) => {
          before.set(id, {
            tokens: step === 'postprocess' ? JSON.stringify(tokens) : '',
            changed: changed[at] === 1,
            place: before.size,
          });
        });
      }
      if (step === 'postprocess')
        return ({ id, tokens }) => {
          const was = before.get(id);
          return was === undefined || was.changed || was.tokens !== JSON.stringify(tokens);
        };
      const inOrder = [...before.values()].map(({ changed }) => changed);
      if (!inOrder.includes(true)) continue;
      // a block holds the texts of all records from its first to its last
      return ({ id, origin }) => {
        const [first, last] = ('records' in origin && origin.records) || [id, id];
        const [from, to] = [before.get(first)?.place, before.get(last)?.place];
        return from !== undefined && to !== undefined && inOrder.slice(from, to + 1).includes(true);
      };
    }
    return () => false;
  }
}
