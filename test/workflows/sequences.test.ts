/**
 * Fifty random histories of one experiment's name in one store: two people each with a file of their own, who add and take away
 * seeds, generations, conditions and metrics, rename, change settings, run, break off. After every run, results are those of a fresh store, and so
 * are those of any earlier one.
 * Workflows, book-keeping, store and reader are the real ones; chains of cheap models are really computed, the steps of others are
 * stand-ins whose scores depend on everything that a real one's would.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import * as realActivity from '@temporalio/activity';
import type { Activities, ActivityDependencies, ScoreInput, StepResult } from '../../activities/types.js';
import { ContentStore } from '../../artifacts/store.js';
import { canonicalJson, digestOf, sha256 } from '../../common/canonical.js';
import { CounterRng } from '../../common/philox.js';
import { metricsDigest, whatIsDone } from '../../documents/done.js';
import { simulate } from '../../kinds/chains/host/simulate.js';
import type { SimulateJob } from '../../kinds/host/types.js';
import { readResults } from '../../report/rows.js';
import { planDigest } from '../../spec/digest.js';
import { stepMembers } from '../../spec/members.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { resolveExperiment } from '../../spec/resolve.js';
import type { ScoresDocument } from '../../spec/results.js';
import type { ExperimentResult } from '../../workflows/contract.js';
import { MemoryStore } from '../support/memory-store.js';
import { World, installSdk } from './world.js';
import { signer } from '../support/signer.js';

installSdk();
jest.unstable_mockModule('@temporalio/activity', () => ({
  ...realActivity,
  activityInfo: () => ({
    attempt: 1,
    activityId: '1',
    workflowNamespace: 'test',
    workflowExecution: { workflowId: 'w', runId: 'r' },
  }),
  cancellationSignal: () => new AbortController().signal,
  heartbeat: () => undefined,
}));
const { experiment } = await import('../../workflows/index.js');
const { createActivities } = await import('../../activities/index.js');

const scratch = mkdtempSync(join(tmpdir(), 'habsburg-sequences-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A person's experiment file. */
interface File {
  seeds: number[];
  generations: number;
  /** name -> share of real records that is kept */
  conditions: Record<string, number>;
  /** records of a cheap model, learning rate of a language model: what makes another plan */
  setting: number;
  metrics: string[];
}
/** What a score says beside its outputs. */
const none = { computed: 0, reused: 0 };
const SCORED = { failures: [], tables: {}, counts: { observations: none, evaluations: none } };
type Kind = 'chains' | 'steps';

function planOf(kind: Kind, file: File): ExperimentPlan {
  const head = { schemaVersion: 1, name: 'e', seeds: file.seeds, generations: file.generations };
  const conditions = Object.entries(file.conditions).map(([name, share]) => ({
    name,
    mixture: share === 0 ? { kind: 'replace' } : { kind: 'keep-share', share },
  }));
  // blocks of 5 seeds and 50 generations
  const chains = { population: [{ name: 'm', family: 'gmm', components: 1, maxIterations: 2, sample: 6 + file.setting }] };
  const steps = {
    data: { train: 'grammar:zipf', block: 16 },
    tokenizer: { kind: 'bpe', vocabulary: 300 },
    population: [
      {
        name: 'm',
        base: { kind: 'scratch', architecture: { hidden: 16, layers: 1, heads: 2 } },
        start: 'previous',
        training: { epochs: 1, batch: 4, learningRate: 0.001 * (1 + file.setting) },
        decoding: { strategy: 'greedy' },
        prompts: 'original',
      },
    ],
    metrics: file.metrics,
  };
  const { plan, problems } = resolveExperiment({ ...head, ...(kind === 'chains' ? chains : steps), conditions });
  if (!plan) throw new Error(JSON.stringify(problems));
  return plan;
}

/** A random change of a person's file; mostly one that widens, so that sequences do not die out. */
function change(file: File, kind: Kind, pick: (n: number) => number): void {
  const names = Object.keys(file.conditions);
  const some = names[pick(names.length)];
  switch (pick(10)) {
    case 0:
    case 1:
      file.seeds = [...new Set([...file.seeds, 1 + pick(8)])];
      return;
    case 2:
      if (file.seeds.length > 1) file.seeds.splice(pick(file.seeds.length), 1);
      return;
    case 3:
    case 4:
      file.generations = kind === 'chains' ? [1, 3, 49, 50, 57][pick(5)] : pick(5);
      return;
    case 5:
      file.conditions[`c-${pick(4)}`] = [0, 0.1, 0.5][pick(3)];
      return;
    case 6:
      if (names.length > 1) delete file.conditions[some];
      return;
    case 7:
      file.conditions = Object.fromEntries(
        names.map((name) => [name === some ? `renamed-${pick(3)}` : name, file.conditions[name]]),
      );
      return;
    case 8:
      file.setting = pick(3);
      return;
    case 9:
      file.metrics = [['perplexity'], ['rep'], ['rep', 'perplexity']][pick(3)];
  }
}

class Place {
  readonly store = new ContentStore(new MemoryStore());
  readonly #activities: Activities;
  #keys = new Set<string>();

  constructor() {
    const deps: ActivityDependencies = {
      openStore: () => this.store,
      runJob: (job) =>
        simulate(job as SimulateJob, {
          threads: 1,
          progress: () => undefined,
          checkpointDue: () => false,
          checkpoint: () => Promise.reject(new Error('not asked for')),
        }),
      livingEngines: () => Promise.resolve([]),
      engineFingerprint: () => 'test',
      device: 'cpu',
      code: { version: '0', digest: sha256('code') },
      signer,
      scratch,
    };
    this.#activities = createActivities(deps);
  }

  /** Runs a plan; broken off after so many turns of the world, if it has not ended before. */
  async run(plan: ExperimentPlan, breakOff = Infinity): Promise<ExperimentResult | undefined> {
    const world = new World();
    world.activities = {
      ...this.#activities,
      ...(stepMembers(plan).length === 0 ? {} : this.#standIns()),
    } as typeof world.activities;
    const outcome = world.start<ExperimentResult>(experiment, plan.name, { plan, store: 'memory', eventLimit: 40 });
    if (breakOff < Infinity) {
      outcome.catch(() => undefined);
      for (let i = 0; i < breakOff; i++) await world.tick();
      world.cancel(plan.name);
    }
    const result = await outcome.catch((error: unknown) => {
      if (breakOff < Infinity) return undefined;
      throw error;
    });
    // what was under way when it was broken off comes to its end
    for (let i = 0; i < 30; i++) await world.tick();
    world.stop();
    return result;
  }

  /** Steps with the right inputs and outputs, memoised by their input as real ones are. */
  #standIns(): Partial<Activities> {
    const step =
      (name: string, outputs: (key: string, input: Partial<ScoreInput>) => Promise<StepResult['outputs']>) =>
      async ({
        place,
        ...input
      }: {
        readonly place: { seed: number; generation: number; member: string };
      }): Promise<StepResult> => {
        const { seed, generation, member } = place;
        const key = digestOf({ name, seed, generation, member, input });
        const cached = this.#keys.has(key);
        this.#keys.add(key);
        return { key, cached, outputs: await outputs(key, input), report: {}, ...(name === 'score' ? { ...SCORED, metrics: metricsDigest((input as Partial<ScoreInput>).metrics!) } : {}) }; // prettier-ignore
      };
    const ref = (kind: 'dataset' | 'model' | 'tokenizer', ...of: string[]) => ({ kind, digest: digestOf(of), size: 1 });
    const sets = ['train', 'valid', 'test'] as const;
    return {
      prepare: step('prepare', async (key) => ({
        ...Object.fromEntries(sets.map((set) => [set, ref('dataset', key, set)])),
        tokenizer: ref('tokenizer', key),
      })),
      sample: step('sample', async (key) => ({ train: ref('dataset', key) })),
      finetune: step('finetune', async (key) => ({ model: ref('model', key) })),
      generate: step('generate', async (key) => ({ generated: ref('dataset', key) })),
      score: step('score', async (subject, { metrics, ...of }) => {
        const values = metrics!.map(({ name: metric, variant, settings }) => {
          const value = Number.parseInt(digestOf([metric, of]).slice(7, 15), 16);
          return { metric, variant, version: 1, value, n: 1, settings, subject };
        });
        const document: ScoresDocument = { schema: 'habsburg.scores/v1', values, histograms: [], samples: [] };
        const folder = mkdtempSync(join(scratch, 'scores-'));
        await writeFile(join(folder, 'scores.json'), JSON.stringify(document));
        return { scores: await this.store.publish('scores', folder) };
      }),
    } as unknown as Partial<Activities>;
  }
}

/** What results say, but for the notes; `steps`: whether a step was found done differs, as it should. */
async function found(place: Place, which = {}) {
  const { notes: _, scores: _scores, ...results } = await readResults(place.store, 'e', which);
  const runs = results.runs.map(({ generations, ...run }) => ({
    ...run,
    generations: generations.map(({ members, ...rest }) => ({
      ...rest,
      members: Object.fromEntries(Object.entries(members).map(([name, { steps: _steps, ...member }]) => [name, member])),
    })),
  }));
  return { ...results, rows: [...results.rows], runs };
}

const fresh = new Map<string, Promise<Awaited<ReturnType<typeof found>>>>();
/** The results of a plan alone in a store. */
function alone(plan: ExperimentPlan) {
  const key = canonicalJson(plan);
  let results = fresh.get(key);
  if (!results) {
    results = (async () => {
      const place = new Place();
      await place.run(plan);
      return found(place);
    })();
    fresh.set(key, results);
  }
  return results;
}

async function sequence(number: number, kind: Kind): Promise<void> {
  const rng = new CounterRng({ seed: number, generation: 0, member: '', step: 'sequence' });
  let draws = 0;
  const pick = (n: number) => rng.integer(n, draws++);
  const place = new Place();
  const people: File[] = [0, 1].map(() => ({
    seeds: [1, 2],
    generations: 1,
    conditions: { 'c-0': 0 },
    setting: 0,
    metrics: ['perplexity'],
  }));
  const finished = new Map<string, ExperimentPlan>();
  const happened: string[] = [];
  for (let turn = 0; turn < 6; turn++) {
    const person = pick(2);
    for (let i = pick(3); i >= 0; i--) change(people[person], kind, pick);
    const plan = planOf(kind, people[person]);
    if (pick(4) === 0) await place.run(plan, 5 + pick(60));
    happened.push(`person ${person}: ${JSON.stringify(people[person])}`);
    try {
      const result = (await place.run(plan))!;
      expect(result).toMatchObject({ status: 'done', failed: 0 });
      const expected = await alone(plan);
      expect(expected.rows.length).toBeGreaterThan(0);
      expect(await found(place, { plan })).toEqual(expected);
      expect(await found(place)).toEqual(expected);
      const { generations, runs } = await whatIsDone(place.store, plan);
      expect([generations.there, generations.scored, runs.done]).toEqual([generations.asked, generations.asked, runs.asked]);
      // what was finished before is not computed again, whatever came between
      const metrics = 'metrics' in plan ? plan.metrics : [];
      const key = canonicalJson([planDigest(plan), plan.seeds, plan.generations, metrics]);
      if (finished.has(key)) expect(result.steps.computed).toBe(0);
      finished.set(key, plan);
      // of a plan the scores are those that were asked for last
      for (const [other, earlier] of finished)
        if ('metrics' in earlier && planDigest(earlier) === planDigest(plan) && canonicalJson(earlier.metrics) !== canonicalJson(metrics)) finished.delete(other); // prettier-ignore
      // nor is anything of it lost: read again, its numbers are the same
      for (const earlier of finished.values())
        expect((await found(place, { plan: earlier })).rows).toEqual((await alone(earlier)).rows);
    } catch (error) {
      throw new Error(`sequence ${number} of ${kind}, after\n  ${happened.join('\n  ')}\n${String(error)}`, { cause: error });
    }
  }
}

describe('results are those of a fresh store', () => {
  test.each(['chains', 'steps'] as const)(
    '%s: twenty-five random sequences of six runs',
    async (kind) => {
      for (let i = 1; i <= 25; i++) await sequence(i, kind);
    },
    600_000,
  );
});
