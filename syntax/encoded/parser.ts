/** English texts as parsed sentences, by a network over the states of a sentence encoder that the user has. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import { packageRoot } from '../../common/version.js';
import { byPaddedLength, Encoder, type EncodeOptions } from '../../engine/encoders/encoder.js';
import { paddingMask } from '../../engine/encoders/network.js';
import { Graph } from '../../engine/graph/graph.js';
import { weightConstants } from '../../engine/models/weights.js';
import { Session } from '../../engine/session.js';
import type { Sentence } from '../conllu.js';
import { englishParser } from '../english.js';
import { upTo } from '../sentences.js';
import { readEncodedModel, weightsDigest, type EncodedModel } from './model.js';
import { network, networkInputs } from './network.js';
import { paddedStates, placesMask, subwordsOf, type Subwords } from './subwords.js';
import { bestTree } from './tree.js';

/** Found on the development sentences. */
const VOTES = 1;
/** sentences whose states are in memory at a time */
const CHUNK = 1024;
const BATCH = 32;

/** The network that comes with Habsburg, over all-MiniLM-L6-v2. */
export const encodedModelFile = (): string => path.join(packageRoot(), 'syntax', 'model', 'english-ewt-minilm.bin');

/**
 * The parser over an encoder's states.
 * @param folder the encoder's
 * @param file the network's; default: that which comes with Habsburg
 * @throws HabsburgError 'invalid' where the network was trained with another encoder
 */
export async function loadEncodedParser(folder: string, file = encodedModelFile()): Promise<EncodedParser> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fromSystemError(error, `reading the network of the parser, ${file}`);
  });
  const model = readEncodedModel(bytes, file);
  const encoder = await Encoder.load(folder);
  const { name, layers, digest } = model.head.encoder;
  if (weightsDigest(encoder.weights, layers) !== digest)
    throw new HabsburgError(
      'invalid',
      `the network ${file} reads the states of ${name}, and ${folder} is another encoder; give that one, or train a network with yours: node scripts/train-parser.mjs --encoder FOLDER`,
    );
  return new EncodedParser(encoder, model);
}

/** A sentence that the encoder can read, and where it stands. */
interface Readable extends Subwords {
  readonly forms: readonly string[];
  readonly at: number;
}

export class EncodedParser {
  readonly #unknown: number;
  readonly #root: number;
  /** the number of each relation of the parser without an encoder */
  readonly #theirs: readonly number[];

  /**
   * @param model of this encoder
   * @param votes what the votes of the parser without an encoder count beside logarithms of shares; 0: it is not asked
   */
  constructor(
    readonly encoder: Encoder,
    readonly model: EncodedModel,
    readonly votes = VOTES,
  ) {
    const { relations } = model.head;
    this.#unknown = unknownOf(encoder);
    this.#root = relations.indexOf('root');
    this.#theirs = englishParser().relations.map((relation) => relations.indexOf(relation));
  }

  /**
   * The sentences of each text, none of one without a word; cut as the parser without an encoder cuts them.
   * @param most sentences, after which texts are left without any
   */
  async parse(texts: readonly string[], options: EncodeOptions, most = Infinity): Promise<Sentence[][]> {
    const cut = upTo(most, texts, (text) => englishParser().segment(text));
    const parsed = await this.parseWords(cut.flat(), options);
    let at = 0;
    return cut.map(({ length }) => parsed.slice(at, (at += length)));
  }

  /** Sentences whose words are known already. One of more words than the encoder reads is parsed without it. */
  async parseWords(sentences: readonly (readonly string[])[], options: EncodeOptions): Promise<Sentence[]> {
    const parsed: Sentence[] = [];
    const readable: Readable[] = [];
    sentences.forEach((forms, at) => {
      const subwords = subwordsOf(forms, this.encoder.tokenizer, this.encoder.config.maxPositions, this.#unknown);
      if (subwords === undefined) parsed[at] = englishParser().parseWords(forms);
      else readable.push({ ...subwords, forms, at });
    });
    for (let from = 0; from < readable.length; from += CHUNK) {
      const chunk = readable.slice(from, from + CHUNK);
      const rows = chunk.map(({ ids }) => ids);
      const states = await this.encoder.states(rows, this.model.head.encoder.layers, options);
      for (const [time, members] of byPaddedLength(rows)) {
        const session = await Session.create(readingGraph(this.model, time), { ...options, memory: 'returned' });
        try {
          for (let first = 0; first < members.length; first += BATCH) {
            const some = members.slice(first, first + BATCH);
            const found = await this.#read(session, some.map((i) => chunk[i]), some.map((i) => states[i]), time); // prettier-ignore
            found.forEach((sentence, k) => (parsed[chunk[some[k]].at] = sentence));
          }
        } finally {
          await session.release();
        }
      }
    }
    return parsed;
  }

  async #read(session: Session, some: readonly Readable[], states: readonly Float32Array[], time: number): Promise<Sentence[]> {
    const { head, weights } = this.model;
    const { relationSize, layer, tags } = head.network;
    const outputs = await session.run(
      {
        states: paddedStates(states, time, layer.hiddenSize),
        mask: paddingMask(some.map(({ ids }) => ids.length), time),
        places: placesMask(some, time),
      },
      ['arcs', 'dependents', 'heads', 'tags'],
    ); // prettier-ignore
    const [arcs, dependents, heads, tagged] = ['arcs', 'dependents', 'heads', 'tags'].map(
      (name) => outputs[name].data as Float32Array,
    );
    const row = (data: Float32Array, b: number, place: number, width: number): Float32Array =>
      data.subarray((b * time + place) * width, (b * time + place + 1) * width);
    const [out, bias] = ['relation.out.weight', 'relation.out.bias'].map((name) => weights.get(name)!.data);
    return some.map(({ forms, places }, b): Sentence => {
      const points = Array.from(places, (place) => {
        const all = row(arcs, b, place, time);
        return logarithms(Float64Array.from([...places, 0], (other) => all[other]));
      });
      const ballots = this.votes > 0 ? englishParser().ballots(forms) : [];
      for (const { heads: theirs, weights: sure } of ballots)
        points.forEach((own, i) => (own[theirs[i]] += this.votes * sure[i]));
      const found = bestTree(points);
      const isRoot = (i: number): boolean => found[i] === forms.length;
      const relation = (i: number): number => {
        const a = row(dependents, b, places[i], relationSize);
        const h = row(heads, b, isRoot(i) ? 0 : places[found[i]], relationSize);
        const hidden = a.map((x, k) => Math.max(0, x + h[k]));
        const all = logarithms(Float64Array.from(bias, (x, r) => x + dot(hidden, out, r * relationSize)));
        for (const { heads: theirs, labels, weights: sure } of ballots)
          if (theirs[i] === found[i]) all[this.#theirs[labels[i]]] += this.votes * sure[i];
        // only what hangs below the root is called so
        return most(all.length, (r) => ((r === this.#root) === isRoot(i) ? all[r] : -Infinity));
      };
      const tag = Array.from(places, (place) => {
        const all = row(tagged, b, place, tags);
        return head.tags[most(tags, (t) => all[t])];
      });
      return {
        forms,
        upos: tag.map(({ upos }) => upos),
        xpos: tag.map(({ xpos }) => xpos),
        heads: Int32Array.from(forms, (_, i) => (isRoot(i) ? 0 : found[i] + 1)),
        deprels: forms.map((_, i) => head.relations[relation(i)]),
      };
    });
  }
}

/** Inputs `states` (B·T, d), `mask` and `places`; outputs as the network's. */
function readingGraph({ head, weights }: EncodedModel, time: number): Graph {
  const g = new Graph();
  const outputs = network(g, head.network, weightConstants(g, weights), networkInputs(g, head.network, time));
  for (const name of ['arcs', 'dependents', 'heads', 'tags'] as const) g.output(name, outputs[name]);
  return g;
}

/** The id of what an encoder has no sub-words for. */
export const unknownOf = ({ tokenizer, config }: Encoder): number =>
  tokenizer.idOf('[UNK]') ?? tokenizer.idOf('<unk>') ?? config.paddingId;

/** Logarithms of the shares (softmax) of points. */
function logarithms(points: Float64Array): Float64Array {
  const most = points.reduce((a, b) => Math.max(a, b));
  const sum = points.reduce((total, x) => total + Math.exp(x - most), 0);
  return points.map((x) => x - most - Math.log(sum));
}

/** The number below n of the most points. */
function most(n: number, points: (i: number) => number): number {
  let [found, best] = [0, -Infinity];
  for (let i = 0; i < n; i++) {
    const here = points(i);
    if (here > best) [found, best] = [i, here];
  }
  return found;
}

function dot(a: Float32Array, b: Float32Array, from: number): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[from + k];
  return sum;
}
