/**
 * What depends on a source or on records: forward from them through the statements, down to the record as far as selections and ids
 * tell. Certain is what holds them, was fitted to them, or was written by a model that was; possible is what they may have
 * changed: texts that an operator compared with them, weights that were chosen by them, tokens of a tokenizer that was trained on them.
 */
import { isDamage } from '../artifacts/damage.js';
import type { ArtifactRef } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { operators } from '../operators/index.js';
import type { Datasets } from './datasets.js';
import { trainingOf } from './exposures.js';
import { factsOf, type Made } from './graph.js';
import { eachRecord } from './lines.js';

/** What is looked for. Records by the place that they have in their dataset. */
export interface Roots {
  readonly sources: ReadonlySet<Digest>;
  readonly records: ReadonlyMap<Digest, ReadonlySet<number>>;
}

/** How an artifact depends on it. */
export interface Touch {
  readonly certain: boolean;
  /** of datasets and selections: the records that do for certain, by their places */
  readonly records?: ReadonlySet<number> | 'all';
  /** whether the rest of it may, too */
  readonly possible: boolean;
}

const ALL: Touch = { certain: true, records: 'all', possible: false };
const WHOLE: Touch = { certain: true, possible: false };
const MAYBE: Touch = { certain: false, possible: true };

export interface Impact {
  /** artifacts in the order in which they were made, sources and what was looked for among them */
  readonly touched: ReadonlyMap<Digest, Touch>;
  readonly artifacts: ReadonlyMap<Digest, ArtifactRef>;
  /** what could not be looked into, because bytes on the way are gone or damaged: whether it depends on it is only possible */
  readonly lost: ReadonlySet<Digest>;
}

export async function impactOf(datasets: Datasets, roots: Roots): Promise<Impact> {
  return new Spreading(datasets, roots).run();
}

class Spreading {
  readonly #touched = new Map<Digest, Touch>();
  readonly #artifacts = new Map<Digest, ArtifactRef>();
  readonly #lost = new Set<Digest>();

  constructor(
    private readonly datasets: Datasets,
    private readonly roots: Roots,
  ) {}

  async run(): Promise<Impact> {
    const { graph } = this.datasets;
    // of a step that was stated several times one statement says all that matters here
    const steps = [...graph.steps.values()].map(([made]) => made);
    const readers = new Map<Digest, Made[]>();
    for (const made of steps) for (const { digest } of Object.values(made.inputs)) addTo(readers, digest, made);
    for (const made of steps) await this.#begin(made);
    const began = [...this.#touched.keys()];
    const order = inOrder(began, readers);
    // a step once more only where what it reads has changed, which a circle of equal contents alone makes it do
    let left = new Set(order);
    for (let pass = 0; left.size > 0; pass++) {
      if (pass > order.length) throw new HabsburgError('verification', 'statements say that artifacts were made of each other');
      const now = order.filter((made) => left.has(made));
      const again = new Set<Made>();
      for (const made of now) {
        left.delete(made);
        for (const output of Object.values(made.outputs)) {
          const touch = await this.#merged(output);
          if (touch === undefined || same(touch, this.#touched.get(output.digest))) continue;
          this.#touched.set(output.digest, touch);
          this.#artifacts.set(output.digest, { kind: output.kind, digest: output.digest, size: output.size });
          for (const reader of readers.get(output.digest) ?? []) if (!left.has(reader)) again.add(reader);
        }
      }
      left = again;
    }
    return { touched: this.#touched, artifacts: this.#artifacts, lost: this.#lost };
  }

  /** What a step itself read from outside, or left that is looked for. */
  async #begin(made: Made): Promise<void> {
    for (const output of Object.values(made.outputs)) {
      const touch = await this.#beginning(made, output.digest);
      if (!touch) continue;
      this.#touched.set(output.digest, either(this.#touched.get(output.digest), touch));
      this.#artifacts.set(output.digest, { kind: output.kind, digest: output.digest, size: output.size });
    }
    for (const { digest, kind, size } of Object.values(made.sources))
      if (this.roots.sources.has(digest)) {
        this.#touched.set(digest, WHOLE);
        this.#artifacts.set(digest, { kind, digest, size });
      }
  }

  readonly #beginnings = new Map<string, Promise<Touch | undefined>>();
  #beginning(made: Made, output: Digest): Promise<Touch | undefined> {
    const name = `${made.key} ${output}`;
    const known = this.#beginnings.get(name) ?? this.#beginningOf(made, output);
    this.#beginnings.set(name, known);
    return known;
  }

  async #beginningOf(made: Made, output: Digest): Promise<Touch | undefined> {
    const { sources, outputs } = made;
    const records = this.roots.records.get(output);
    if (records) return { certain: true, records, possible: false };
    const reads = (role: string) => sources[role] !== undefined && this.roots.sources.has(sources[role].digest);
    if (made.step !== 'prepare') {
      const set = Object.values(outputs).some(({ digest, kind }) => digest === output && kind === 'dataset');
      return Object.keys(sources).some(reads) ? (set ? ALL : WHOLE) : undefined;
    }
    let found: Touch | undefined;
    for (const [name, { digest }] of Object.entries(outputs)) {
      if (digest !== output) continue;
      const own = name === 'tokenizer' || name === 'truth' ? 'train' : sources[name] === undefined ? 'train' : name;
      const inTrain = name === 'tokenizer' && outputs.train !== undefined && this.roots.records.has(outputs.train.digest);
      if (name === 'tokenizer') {
        // of words that are counted nobody can say which ones a text's own were decisive for
        if ((inTrain || reads('train')) && (await this.#trainsTokenizer(made))) found = either(found, MAYBE);
      } else if (name === 'base' ? reads('base') : reads(own))
        found = either(found, name === 'base' || name === 'truth' ? WHOLE : ALL);
    }
    return found;
  }

  async #trainsTokenizer(made: Made): Promise<boolean> {
    const { parameters } = await factsOf(this.datasets.store, made);
    return (parameters as { readonly tokenizer?: { readonly kind?: string } } | null)?.tokenizer?.kind === 'bpe';
  }

  /** By all steps that made it: what one of them could make without is certain for none. */
  async #merged({ digest }: ArtifactRef): Promise<Touch | undefined> {
    const makers = [...new Map((this.datasets.graph.makers.get(digest) ?? []).map((made) => [made.key, made])).values()].filter(
      (made) => !Object.values(made.inputs).some((input) => input.digest === digest),
    );
    const touches: (Touch | undefined)[] = [];
    for (const made of makers) {
      const begun = await this.#beginning(made, digest);
      const through = await this.#through(made, digest).catch((error: unknown) => this.#unread(error, made, digest));
      touches.push(begun && through ? either(begun, through) : (begun ?? through));
    }
    const there = touches.filter((touch) => touch !== undefined);
    // what is looked for is in these bytes, whoever made them
    const own = this.roots.records.get(digest);
    const held = own && { certain: true, records: own, possible: false };
    if (there.length === 0) return held;
    const made = there.length < touches.length ? MAYBE : there.reduce((a, b) => either(a, b));
    return held && there.length < touches.length ? held : either(held, made);
  }

  /** Where records are not there any more nobody can say which of them it went into. */
  #unread(error: unknown, made: Made, output: Digest): Touch | undefined {
    if (!isDamage(error)) throw error;
    this.#lost.add(output);
    return Object.values(made.inputs).some(({ digest }) => this.#touched.has(digest)) ? MAYBE : undefined;
  }

  async #through(made: Made, output: Digest): Promise<Touch | undefined> {
    const of = (name: string): Touch | undefined => made.inputs[name] && this.#touched.get(made.inputs[name].digest);
    const inputs = Object.keys(made.inputs).map(of).filter((touch) => touch !== undefined); // prettier-ignore
    if (inputs.length === 0) return undefined;
    switch (made.step) {
      case 'sample':
        return this.#selected(output);
      case 'finetune':
        return this.#fitted(made, of);
      case 'generate':
        return this.#written(made, output, of);
      case 'postprocess':
        return this.#postprocessed(made, output, of);
      case 'view':
        return this.#viewed(made, output, of);
      default:
        return strongest(inputs);
    }
  }

  /** What a selection takes of records that are touched, by their places in it. */
  async #selected(selection: Digest, possible = false): Promise<Touch | undefined> {
    const records = new Set<number>();
    const { sets } = await this.datasets.selection(selection);
    const maybe = possible || sets.some(({ digest }) => this.#touched.get(digest)?.possible);
    let at = 0;
    for (const { dataset, first, count } of await this.datasets.pieces({ kind: 'selection', digest: selection })) {
      const touch = this.#touched.get(dataset);
      if (touch?.records)
        for (let i = 0; i < count; i++) if (touch.records === 'all' || touch.records.has(first + i)) records.add(at + i);
      at += count;
    }
    return records.size === 0 && !maybe ? undefined : { certain: records.size > 0, records, possible: maybe };
  }

  async #fitted(made: Made, of: (name: string) => Touch | undefined): Promise<Touch | undefined> {
    const train = of('train');
    if (of('start')?.certain) return WHOLE;
    const { set, seen, passes, atMost } = await trainingOf(this.datasets, made);
    if (passes > 0 && train?.records)
      for (const [i, { rows }] of set.entries()) {
        if (train.records !== 'all' && !train.records.has(i)) continue;
        const { answer, prompt, times } = seen(i);
        if (answer + prompt > 0 || (times > 0 && rows.tokens[set[i].at] === 0)) return WHOLE;
      }
    const chosen = atMost && of('valid') !== undefined;
    return chosen || (passes > 0 && train?.possible) || of('start') || of('tokenizer') ? MAYBE : undefined;
  }

  async #written({ inputs }: Made, output: Digest, of: (name: string) => Touch | undefined): Promise<Touch | undefined> {
    const by = ['model', 'guide'].map(of).filter((touch) => touch !== undefined); // prettier-ignore
    if (by.some(({ certain }) => certain)) return ALL;
    const prompts = of('prompts');
    const ids = prompts?.records ? await this.#idsOf(inputs.prompts, prompts.records) : undefined;
    const records = new Set<number>();
    let continues = false;
    await eachRecord(this.datasets.store, output, ({ origin }, i) => {
      if (origin.kind === 'real' || origin.prompt === undefined) return;
      continues = true;
      if (ids === 'all' || ids?.has(origin.prompt)) records.add(i);
    });
    const possible = by.length > 0 || of('tokenizer') !== undefined || (continues && prompts?.possible === true);
    return records.size === 0 && !possible ? undefined : { certain: records.size > 0, records, possible };
  }

  async #postprocessed(made: Made, output: Digest, of: (name: string) => Touch | undefined): Promise<Touch | undefined> {
    const set = of('set');
    const { parameters } = await factsOf(this.datasets.store, made);
    const list = (parameters as { readonly operators?: readonly { readonly name: string }[] } | null)?.operators ?? [];
    const compares = list.some(({ name }) => operators.find((one) => one.name === name)?.comparesTexts ?? !operators.some((one) => one.name === name)); // prettier-ignore
    // what a text continues is of that text; a table of observations is of each text by itself, but for the model that made it
    const others = Object.entries(made.inputs).some(([name, { digest }]) => {
      if (name === 'set') return false;
      if (name === 'prompts') return of(name)?.possible === true;
      const observed = (this.datasets.graph.makers.get(digest) ?? []).filter(({ step }) => step === 'observe');
      return observed.length === 0
        ? of(name) !== undefined
        : observed.some(({ inputs }) => inputs.model && this.#touched.has(inputs.model.digest));
    });
    const possible = others || set?.possible === true || (set !== undefined && compares);
    const ref = made.outputs[Object.keys(made.outputs).find((name) => made.outputs[name].digest === output)!];
    if (ref.kind === 'selection') return this.#selected(output, possible);
    const ids = set?.records ? await this.#idsOf(made.inputs.set, set.records) : undefined;
    const records = new Set<number>();
    if (ids) await eachRecord(this.datasets.store, output, ({ id }, i) => { if (ids === 'all' || ids.has(id)) records.add(i); }); // prettier-ignore
    return records.size === 0 && !possible ? undefined : { certain: records.size > 0, records, possible };
  }

  async #viewed(made: Made, output: Digest, of: (name: string) => Touch | undefined): Promise<Touch | undefined> {
    const set = of('set');
    const possible = set?.possible === true || of('writer') !== undefined || of('reader') !== undefined;
    const records = new Set<number>();
    if (set?.records) {
      const places = new Map<string, number>();
      const touched: boolean[] = [];
      for (const { dataset, first, count } of await this.datasets.pieces(made.inputs.set))
        await eachRecord(this.datasets.store, dataset, ({ id }, i) => {
          if (i < first || i >= first + count) return;
          touched.push(set.records === 'all' || set.records!.has(touched.length));
          places.set(id, touched.length - 1);
        });
      await eachRecord(this.datasets.store, output, ({ id, origin }, i) => {
        const [from, to] = ('records' in origin && origin.records) || [id, id];
        if (touched.slice(places.get(from) ?? 0, (places.get(to) ?? touched.length - 1) + 1).includes(true)) records.add(i);
      });
    }
    return records.size === 0 && !possible ? undefined : { certain: records.size > 0, records, possible };
  }

  /** Ids of the records at some places of a set. */
  async #idsOf(set: ArtifactRef, records: ReadonlySet<number> | 'all'): Promise<ReadonlySet<string> | 'all'> {
    if (records === 'all') return 'all';
    const ids = new Set<string>();
    let at = 0;
    for (const { dataset, first, count } of await this.datasets.pieces(set)) {
      if (![...records].some((one) => one >= at && one < at + count)) {
        at += count;
        continue;
      }
      await eachRecord(this.datasets.store, dataset, ({ id }, i) => {
        if (i >= first && i < first + count && records.has(at + i - first)) ids.add(id);
      });
      at += count;
    }
    return ids;
  }
}

/** Both together. */
function either(a: Touch | undefined, b: Touch): Touch {
  if (a === undefined) return b;
  const records =
    a.records === 'all' || b.records === 'all' ? 'all' : a.records || b.records ? new Set([...(a.records ?? []), ...(b.records ?? [])]) : undefined; // prettier-ignore
  return { certain: a.certain || b.certain, possible: a.possible || b.possible, ...(records && { records }) };
}

/** Of what is no set of records: as much as the strongest that it was made of. */
const strongest = (touches: readonly Touch[]): Touch | undefined =>
  touches.length === 0 ? undefined : touches.some(({ certain }) => certain) ? WHOLE : MAYBE;

function same(a: Touch, b: Touch | undefined): boolean {
  const size = ({ records }: Touch) => (records === 'all' ? Infinity : (records?.size ?? -1));
  return b !== undefined && a.certain === b.certain && a.possible === b.possible && size(a) === size(b);
}

/** Steps that some artifacts went into, each behind those whose outputs it reads, as far as they do not go round in a circle. */
function inOrder(began: readonly Digest[], readers: ReadonlyMap<Digest, readonly Made[]>): Made[] {
  const done = new Set<Made>();
  const order: Made[] = [];
  const stack = began
    .flatMap((digest) => readers.get(digest) ?? [])
    .map((made) => ({ made, left: undefined as Made[] | undefined }));
  // depth first, by a stack of our own: a chain may be longer than the call stack
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    if (top.left === undefined) {
      if (done.has(top.made)) {
        stack.pop();
        continue;
      }
      done.add(top.made);
      top.left = Object.values(top.made.outputs).flatMap(({ digest }) => readers.get(digest) ?? []);
    }
    const next = top.left.pop();
    if (next) {
      if (!done.has(next)) stack.push({ made: next, left: undefined });
    } else {
      order.push(top.made);
      stack.pop();
    }
  }
  return order.reverse();
}
