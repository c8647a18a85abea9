/**
 * Trains the network over an encoder's states. The layers below it stay as they are, so their states are computed once; the network's own layers
 * begin as those of the encoder that came next. The same treebank, encoder and seed give the same bytes on the same machine.
 */
import type { CounterRng } from '../../common/philox.js';
import { HabsburgError } from '../../common/errors.js';
import type { Weights } from '../../engine/checkpoint/safetensors.js';
import { BERT_LAYERS_AT } from '../../engine/encoders/bert.js';
import { byPaddedLength, type Encoder } from '../../engine/encoders/encoder.js';
import type { LayeredConfig } from '../../engine/encoders/layers.js';
import { paddingMask } from '../../engine/encoders/network.js';
import { float32, Session, type Tensor } from '../../engine/session.js';
import { weightFeeds } from '../../engine/models/weights.js';
import { DropoutMasks } from '../../engine/train/dropout.js';
import { gradientName } from '../../engine/train/graph.js';
import { createOptimizer } from '../../engine/train/optimizers/index.js';
import { learningRateAt } from '../../engine/train/schedule.js';
import type { Sentence } from '../conllu.js';
import { weightsDigest, type EncodedModel } from '../encoded/model.js';
import { layerPrefix, networkParameters, type NetworkConfig } from '../encoded/network.js';
import { unknownOf } from '../encoded/parser.js';
import { paddedStates, placesMask, subwordsOf, type Subwords } from '../encoded/subwords.js';
import { classesOf, tagsOf } from './train-tagger.js';
import { encodedTrainingGraph, gold, type Gold } from './encoded-objective.js';

export interface EncodedSettings {
  /** layers of the encoder that stay as they are */
  readonly below: number;
  /** layers of the network */
  readonly layers: number;
  readonly arcSize: number;
  readonly relationSize: number;
  readonly epochs: number;
  readonly batch: number;
  /** peak rates: of the network's layers, which begin as the encoder's, and of the rest */
  readonly learningRate: { readonly layers: number; readonly rest: number };
  /** steps in which the rates rise */
  readonly warmup: number;
  /** share of the states that is dropped, before and behind the network's layers */
  readonly dropout: number;
}

/** steps */
const SAY_EVERY = 50;

/** Found on the development sentences, with all-MiniLM-L6-v2. */
export const ENCODED_SETTINGS: EncodedSettings = {
  below: 4,
  layers: 2,
  arcSize: 256,
  relationSize: 128,
  epochs: 3,
  batch: 32,
  learningRate: { layers: 4e-4, rest: 2e-3 },
  warmup: 100,
  dropout: 0.15,
};

export interface EncodedTraining {
  readonly treebank: string;
  readonly licence: string;
  /** the encoder's name, for people */
  readonly name: string;
  readonly rng: CounterRng;
  readonly threads: number;
  readonly settings?: EncodedSettings;
  readonly say: (line: string) => void;
  /** the model after every epoch */
  readonly onEpoch?: (model: EncodedModel) => void;
}

interface Example extends Subwords, Gold {
  readonly states: Float32Array;
}

/** @throws HabsburgError 'invalid' where the encoder is none of BERT's kind, or has too few layers */
export async function trainEncoded(
  sentences: readonly Sentence[],
  encoder: Encoder,
  training: EncodedTraining,
): Promise<EncodedModel> {
  const { settings = ENCODED_SETTINGS, rng, threads, say, treebank, licence, name } = training;
  const { below, layers, arcSize, relationSize } = settings;
  if (encoder.config.modelType !== 'bert' || encoder.config.layers < below + layers)
    throw new HabsburgError(
      'invalid',
      `the parser is trained over BERT's kind of encoder with ${below + layers} layers or more, such as all-MiniLM-L6-v2; this is ${encoder.config.modelType} with ${encoder.config.layers}`,
    );
  const { hiddenSize, heads, ffnSize, epsilon, activation } = encoder.config as LayeredConfig;
  const tags = tagsOf(sentences);
  const relations = [...new Set(sentences.flatMap(({ deprels }) => deprels))].sort();
  const config: NetworkConfig = {
    layer: { hiddenSize, heads, ffnSize, epsilon, activation },
    layers,
    arcSize,
    relationSize,
    relations: relations.length,
    tags: tags.length,
  };
  say(`${sentences.length} sentences through ${below} layers of the encoder`);
  const examples = await examplesOf(sentences, encoder, below, threads, (one, row) =>
    gold(one, row, classesOf(one, tags), relations),
  );
  const digest = weightsDigest(encoder.weights, below);
  const head = { treebank, licence, encoder: { name, layers: below, digest }, tags, relations, network: config };
  const weights = await fit(examples, start(config, encoder.weights, below, rng), config, settings, {
    rng,
    threads,
    say,
    onEpoch: (trained) => training.onEpoch?.({ head, weights: trained }),
  });
  return { head, weights };
}

async function examplesOf(
  sentences: readonly Sentence[],
  encoder: Encoder,
  layers: number,
  threads: number,
  goldOf: (sentence: Sentence, row: Subwords) => Gold,
): Promise<Example[]> {
  const found = sentences.flatMap((sentence) => {
    const row = subwordsOf(sentence.forms, encoder.tokenizer, encoder.config.maxPositions, unknownOf(encoder));
    return row === undefined ? [] : [{ ...row, ...goldOf(sentence, row) }];
  });
  const states = await encoder.states(found.map(({ ids }) => ids), layers, { threads }); // prettier-ignore
  return found.map((example, i) => ({ ...example, states: states[i] }));
}

/** Layers from the encoder, matrices at random, all else zeros. */
function start(config: NetworkConfig, encoder: Weights, below: number, rng: CounterRng): Weights {
  return new Map(
    networkParameters(config).map(({ name, shape }) => {
      const numbers = shape.reduce((a, b) => a * b, 1);
      const layer = Array.from({ length: config.layers }, (_, i) => i).find((i) => name.startsWith(layerPrefix(i)));
      if (layer !== undefined) {
        const own = encoder.get(`${BERT_LAYERS_AT}${below + layer}.${name.slice(layerPrefix(layer).length)}`)!;
        return [name, { shape, data: own.data.slice() }];
      }
      const data = new Float32Array(numbers);
      const draws = rng.derive(`start/${name}`);
      if (shape.length > 1) for (let i = 0; i < numbers; i++) data[i] = draws.normal(i) / Math.sqrt(3 * shape[1]);
      return [name, { shape, data }];
    }),
  );
}

async function fit(
  examples: readonly Example[],
  initial: Weights,
  config: NetworkConfig,
  { epochs, batch, learningRate, warmup, dropout }: EncodedSettings,
  {
    rng,
    threads,
    say,
    onEpoch,
  }: Pick<EncodedTraining, 'rng' | 'threads' | 'say'> & { readonly onEpoch: (weights: Weights) => void },
): Promise<Weights> {
  const d = config.layer.hiddenSize;
  const isLayer = (name: string): boolean => name.startsWith(layerPrefix(''));
  const optimizers = [true, false].map((layers) => ({
    // what has learned already moves less
    rate: layers ? learningRate.layers : learningRate.rest,
    optimizer: createOptimizer(new Map([...initial].filter(([name]) => isLayer(name) === layers)), { clip: 1 }),
  }));
  const weights = new Map(optimizers.flatMap(({ optimizer }) => [...optimizer.weights]));
  const feeds = weightFeeds(weights);
  const gradients: Record<string, Tensor> = Object.fromEntries(
    optimizers
      .flatMap(({ optimizer }) => [...optimizer.gradients])
      .map(([name, { shape, data }]) => [gradientName(name), float32(data, shape)]),
  );
  const masks = new DropoutMasks(rng.derive('dropout'), dropout);
  const sessions = new Map<number, Session>();
  const batches = Array.from({ length: epochs }, (_, epoch) => batchesOf(examples, batch, rng.derive('order'), epoch));
  const schedule = { maxSteps: batches.flat().length, learningRate: 1, schedule: 'linear', minLearningRate: 0, scheduleUnit: 'step', warmup } as const; // prettier-ignore
  let step = 0;
  try {
    for (const [epoch, some] of batches.entries()) {
      let [loss, words] = [0, 0];
      for (const { time, members } of some) {
        const chosen = members.map((i) => examples[i]);
        const session = sessions.get(time) ?? (await Session.create(encodedTrainingGraph(config, time), { threads }));
        sessions.set(time, session);
        const count = chosen.reduce((sum, { places }) => sum + places.length, 0);
        const result = await session.run(
          {
            ...feeds,
            ...masks.fill([d, d], step, 0, chosen.length, time),
            states: paddedStates(chosen.map(({ states }) => states), time, d),
            mask: paddingMask(chosen.map(({ ids }) => ids.length), time),
            places: placesMask(chosen, time),
            ...targetsOf(chosen, config, time, count),
          },
          ['loss', ...Object.keys(gradients)],
          { ...gradients, loss: float32(new Float32Array(1), []) },
        ); // prettier-ignore
        for (const { optimizer, rate } of optimizers) optimizer.step(rate * learningRateAt(schedule, step, 1));
        step++;
        if (step % SAY_EVERY === 0)
          say(`step ${step} of ${schedule.maxSteps}: loss ${(result.loss.data as Float32Array)[0].toFixed(3)}`);
        loss += (result.loss.data as Float32Array)[0] * count;
        words += count;
      }
      say(`epoch ${epoch + 1} of ${epochs}: loss ${(loss / words).toFixed(4)} nats a word`);
      onEpoch(weights);
    }
  } finally {
    for (const session of sessions.values()) await session.release();
  }
  return weights;
}

/** Sentences of about one length, in a fresh random order every epoch. */
function batchesOf(examples: readonly Example[], batch: number, rng: CounterRng, epoch: number) {
  const order = rng.permutation(examples.length, 2 * epoch);
  const found: { readonly time: number; readonly members: readonly number[] }[] = [];
  for (const [time, places] of byPaddedLength(Array.from(order, (i) => examples[i].ids)))
    for (let from = 0; from < places.length; from += batch)
      found.push({ time, members: places.slice(from, from + batch).map((place) => order[place]) });
  return Array.from(rng.permutation(found.length, 2 * epoch + 1), (i) => found[i]);
}

/** What each place should say, and what it counts for: nothing where no word begins. */
function targetsOf(chosen: readonly Example[], config: NetworkConfig, time: number, words: number): Record<string, Tensor> {
  const cells = chosen.length * time;
  const [arcs, relations, tags] = [time, config.relations, config.tags].map((width) => new Float32Array(cells * width));
  const weights = new Float32Array(cells);
  chosen.forEach((one, b) => {
    one.places.forEach((place, i) => {
      const row = b * time + place;
      arcs[row * time + one.heads[i]] = 1;
      relations[row * config.relations + one.relations[i]] = 1;
      tags[row * config.tags + one.tags[i]] = 1;
      weights[row] = 1 / words;
    });
  });
  return {
    'gold.arcs': float32(arcs, [chosen.length, time, time]),
    'gold.relations': float32(relations, [cells, config.relations]),
    'gold.tags': float32(tags, [cells, config.tags]),
    weights: float32(weights, [cells, 1]),
  };
}
