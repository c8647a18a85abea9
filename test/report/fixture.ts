/** An invented experiment with plausible numbers, published into a real artifact store. */
import { evaluations } from '../../evaluations/index.js';
import { defaultsOf } from '../../evaluations/types.js';
import { optConfig } from '../../kinds/text/architectures.js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactStore } from '../../artifacts/types.js';
import { digestOf, type Digest } from '../../common/canonical.js';
import { CounterRng } from '../../common/philox.js';
import { DECODING_DEFAULTS } from '../../engine/generate/decoding.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { planDigest } from '../../spec/digest.js';
import {
  EVALUATION_SCHEMA,
  GENERATION_SCHEMA,
  RUN_SCHEMA,
  documentName,
  latestName,
  leftBy,
  planName,
} from '../../spec/documents.js';
import type { MemberIndex, ResultDocument, RunIndex } from '../../spec/documents.js';
import type { ScoresDocument } from '../../spec/results.js';

export interface FixtureOptions {
  readonly name?: string;
  readonly title?: string;
  readonly seeds?: readonly number[];
  readonly generations?: number;
  readonly conditions?: readonly string[];
  /** put into every text that a model or a file could control */
  readonly hostile?: readonly string[];
}

export interface Fixture {
  readonly plan: ExperimentPlan;
  /** by run id, then generation */
  readonly scores: ReadonlyMap<string, readonly ScoresDocument[]>;
}

const WORDS = 'the old king of a quiet river saw that every lantern in town was lit before dawn and no bell had rung'.split(' ');
const BINS = 48;
/** 1 to 10^4 in equal logarithmic steps */
const EDGES = Array.from({ length: BINS + 1 }, (_, i) => 10 ** ((4 * i) / BINS));

export function makeFixture(options: FixtureOptions = {}): Fixture {
  const { name = 'nature-small', seeds = [1, 2, 3], generations = 8, conditions = ['replace', 'keep-10'], hostile } = options;
  const training = {
    epochs: 3,
    batch: 32,
    accumulation: 1,
    learningRate: 3e-4,
    schedule: 'linear',
    minLearningRate: 0,
    scheduleUnit: 'step',
    warmup: 0.05,
    weightDecay: 0.01,
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    clip: 1,
    dropout: 0,
    select: 'best',
  } as const;
  const member: LanguageModelPlan = {
    name: 'opt',
    family: 'language-model',
    tokenizer: { kind: 'bpe', vocabulary: 4096 },
    base: { kind: 'scratch', config: optConfig({ hidden: 128, layers: 4, heads: 4, ffn: 512, positions: 128 }) },
    start: 'generation-0',
    generation0: { ...training, epochs: 8 },
    training,
    decoding: {
      ...DECODING_DEFAULTS,
      strategy: 'beam',
      maxNewTokens: 64,
      minNewTokens: 64,
      beams: 5,
      batch: 64,
    },
    prompts: 'original',
  };
  const plan: ExperimentPlan = {
    schemaVersion: 1,
    name,
    title: options.title ?? 'A small language model trained on its own text',
    seeds,
    generations,
    data: {
      text: {
        train: 'file:wiki.train.txt',
        valid: 'file:wiki.valid.txt',
        test: 'file:wiki.test.txt',
        block: 64,
        packing: 'bos-line',
        limit: { train: 3000 },
      },
    },
    population: [member],
    conditions: conditions.map((condition, index) => ({
      name: condition,
      members: [
        {
          ...member,
          mixture: index === 0 ? { kind: 'replace' as const } : { kind: 'keep-share' as const, share: 0.1 * index },
        },
      ],
    })),
    metrics: evaluations.map(({ name, variant, settings }) => ({ name, variant, settings: defaultsOf({ settings }) })),
    execution: {
      concurrency: 2,
      checkpointSeconds: 30,
      heartbeatSeconds: 10,
      queues: { cpu: 'habsburg-cpu', engine: 'habsburg-engine' },
    },
  };
  const scores = new Map<string, ScoresDocument[]>();
  conditions.forEach((condition, index) => {
    for (const seed of seeds) {
      const documents = Array.from({ length: generations + 1 }, (_, t) =>
        makeScores(condition, index === 0 ? 1 : 0.15 / index, seed, t, hostile),
      );
      scores.set(`${condition}/seed-${seed}`, documents);
    }
  });
  return { plan, scores };
}

/** @param decay how fast this condition collapses, 1 for `replace` */
function makeScores(condition: string, decay: number, seed: number, t: number, hostile?: readonly string[]): ScoresDocument {
  // generation 0 is the same model under every condition
  const rng = new CounterRng({ seed, generation: t, member: t === 0 ? 'base' : condition, step: 'fixture' });
  const noise = (i: number) => rng.normal(i);
  const age = decay * t;
  const subject = digestOf([condition, seed, t]);
  const score = (metric: string, variant: string, value: number, n: number, settings: Record<string, number> = {}) => ({
    metric,
    variant,
    version: 1,
    value,
    n,
    settings,
    subject,
  });
  const seedEffect = 1 + 0.04 * new CounterRng({ seed, generation: 0, member: 'base', step: 'seed' }).normal(0);
  const distinct = (order: number, start: number) =>
    score(
      `distinct-${order}`,
      'tokens/in-record',
      Math.max(0.004, start * Math.exp(-0.45 * age) * (1 + 0.05 * noise(order))),
      50_000,
      { tokens: 50_000 },
    );
  const center = Math.log(90) - 0.42 * age;
  const spread = 0.55 + 0.05 * age;
  const counts = Array.from({ length: BINS }, (_, bin) => {
    const middle = Math.log(Math.sqrt(EDGES[bin] * EDGES[bin + 1]));
    const body = Math.exp(-0.5 * ((middle - Math.max(center, 0.5)) / spread) ** 2);
    const tail = 0.004 * age * Math.exp(-0.5 * ((middle - 6.2) / 0.8) ** 2);
    return Math.round(300 * (body + tail) * (1 + 0.08 * noise(100 + bin)));
  }).map((c) => Math.max(0, c));
  const words = Array.from({ length: 42 }, (_, i) => WORDS[Math.floor(WORDS.length * rng.uniform(500 + i) ** (1 + age))]);
  const texts = hostile ?? [words.join(' ')];
  return {
    schema: 'habsburg.scores/v1',
    values: [
      score('perplexity', 'real-test/exp-mean-token', 62 * seedEffect * Math.exp(0.28 * age + 0.03 * noise(0)), 63_000),
      score('sequence-perplexity', 'under-model-0/q50', Math.exp(center + 0.03 * noise(7)), 3000),
      score('sequence-perplexity', 'under-model-0/q99', Math.exp(center + 2.3 * spread + 0.05 * noise(8)), 3000),
      distinct(1, 0.11),
      distinct(2, 0.46),
      distinct(3, 0.74),
      score('coverage', 'of-real-token-types', 0.61 * Math.exp(-0.3 * age) * (1 + 0.03 * noise(4)), 50_000, { tokens: 50_000 }),
      score('rep', 'mean-over-records', 1 - 0.8 * Math.exp(-0.25 * age) + 0.01 * noise(5), 3000, { order: 4 }),
      score('tail-lost', 'truth/share-of-tail-words', 1 - 0.93 * Math.exp(-0.5 * age) * (1 + 0.02 * noise(6)), 10_000, {
        words: 10_000,
        mass: 0.05,
      }),
      score('tail-lost', 'truth/share-of-tail-words/honest-sampling', 0.052, 10_000, { words: 10_000, mass: 0.05 }),
    ],
    histograms: [{ name: 'sequence-perplexity', edges: EDGES, counts, below: 0, above: 0, n: counts.reduce((a, b) => a + b, 0) }],
    samples: [
      {
        prompt: hostile?.[0] ?? 'In the year of the long winter the people of the valley',
        text: texts[t % texts.length],
        record: `g${t}/opt/000000`,
      },
      { prompt: 'The second prompt is continued too', text: texts[(t + 1) % texts.length], record: `g${t}/opt/000001` },
    ],
  };
}

/** Publishes plan, runs and scores; `change` edits a run's index before it is written. */
export async function publishFixture(
  store: ArtifactStore,
  { plan, scores }: Fixture,
  change: (run: RunIndex) => RunIndex = (run) => run,
): Promise<void> {
  const digest = planDigest(plan);
  const started = '2026-11-30T04:00:00.000Z';
  await store.writeName(planName(plan.name, digest), { schema: 'habsburg.plan/v4', digest, plan, started });
  await store.writeName(latestName(plan.name), { schema: 'habsburg.latest/v1', plan: digest });
  const folder = await mkdtemp(join(tmpdir(), 'habsburg-fixture-'));
  try {
    for (const [run, documents] of scores) {
      const [condition, seedPart] = run.split('/');
      const seed = Number(seedPart.slice('seed-'.length));
      const generations: RunIndex['generations'][number][] = [];
      for (const [generation, scoresDocument] of documents.entries()) {
        await writeFile(join(folder, 'scores.json'), JSON.stringify(scoresDocument));
        const fake = (kind: 'dataset' | 'model', role: string) => ({
          kind,
          digest: digestOf([run, generation, role]),
          size: 5_300_000,
        });
        const member: MemberIndex = {
          dataset: fake('dataset', 'dataset'),
          model: fake('model', 'model'),
          generated: fake('dataset', 'generated'),
          scores: await store.publish('scores', folder),
          steps: { finetune: { key: digestOf([run, generation, 'key']), cached: false, report: { loss: 4.1 } } },
        };
        generations.push({ generation, members: { opt: member } });
      }
      const index: RunIndex = {
        experiment: plan.name,
        run,
        condition,
        seed,
        status: 'done',
        generationsDone: documents.length - 1,
        inputs: {
          tokenizer: { kind: 'tokenizer', digest: digestOf('tokenizer'), size: 212_000 },
          test: { kind: 'dataset', digest: digestOf('test'), size: 1_290_000 },
        },
        versions: { habsburg: '0.1.0', engine: 'onnxruntime 1.30.0 cpu x64' },
        generations,
      };
      await publishRun(store, digest, change(index));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the documents that a run would have left. */
async function publishRun(store: ArtifactStore, plan: Digest, index: RunIndex): Promise<void> {
  const { experiment, run, status, failure, inputs, versions } = index;
  const place = { experiment, plan, run };
  const write = (document: ResultDocument) => store.writeName(documentName(document), document);
  for (const { generation, members } of index.generations) {
    const left: Record<string, Omit<MemberIndex, 'scores' | 'failure'>> = {};
    for (const [member, { scores, failure: unscored, ...rest }] of Object.entries(members)) {
      left[member] = rest;
      const of = leftBy(rest);
      if (of && (scores || unscored !== undefined))
        await write({ schema: EVALUATION_SCHEMA, ...place, generation, member, of, scores, failure: unscored });
    }
    await write({ schema: GENERATION_SCHEMA, ...place, generation, members: left });
  }
  const generations = index.generations.length - 1;
  await write({ schema: RUN_SCHEMA, ...place, status, failure, generations, inputs, versions });
}
