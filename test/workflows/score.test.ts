/** Evaluations of what an experiment has left, at any time after. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { LeftInput, ScoreInput } from '../../activities/types.js';
import { sha256 } from '../../common/canonical.js';
import { makeFixture } from '../report/fixture.js';
import { standIns } from '../support/stand-ins.mjs';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { score } = await import('../../workflows/score.js');
const { scoreProgressQuery } = await import('../../workflows/contract.js');

const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);
const { plan } = makeFixture({ name: 'e', seeds: SEEDS, generations: 19, conditions: ['replace'] });

/** stretches that were asked for, runs and generations that were scored */
let asked: string[];
let scored: string[];
let going: number;
let most: number;
beforeEach(() => {
  world = new World();
  [asked, scored, going, most] = [[], [], 0, 0];
  const activities = standIns();
  world.activities = {
    ...activities,
    left: async ({ run, from, most: many }: LeftInput) => {
      asked.push(`${run.seed} ${from}`);
      // of the second run there is less
      const last = run.seed === 2 ? 4 : run.generations;
      const generations = Array.from({ length: Math.max(0, Math.min(many, last - from + 1)) }, (_, i) => from + i);
      return generations.map((generation) => ({
        generation,
        members: [{ name: 'opt', of: sha256(`${run.seed} ${generation}`), input: { family: 'language-model' } }],
      }));
    },
    score: async (input: ScoreInput) => {
      most = Math.max(most, ++going);
      await world.tick();
      going--;
      scored.push(`${input.place.seed} ${input.place.generation}`);
      return activities.score(input);
    },
  };
});
afterEach(() => world.stop());

const start = (more = {}) => world.start(score, 'e/score', { plan, digest: sha256('plan'), store: 's', ...more });
const all = SEEDS.flatMap((seed) => Array.from({ length: seed === 2 ? 5 : 20 }, (_, t) => `${seed} ${t}`));

test('every generation of every run once, some runs at a time, stretch by stretch', async () => {
  expect(await start()).toMatchObject({ runs: 10, done: 10, generations: all.length, problems: [], problemCount: 0 });
  expect(scored.sort()).toEqual(all.sort());
  // eight runs go side by side, sixteen generations of each
  expect(most).toBeLessThanOrEqual(8 * 16);
  expect(asked.slice(0, 8)).toEqual(SEEDS.slice(0, 8).map((seed) => `${seed} 0`));
  expect(asked.slice(8, 16)).toEqual(SEEDS.slice(0, 8).map((seed) => `${seed} 16`));
  const { attributes } = world.executions.get('e/score')!;
  expect(attributes.get('HabsburgExperiment')).toBe('e');
});

test('it continues as new between stretches, and does nothing twice', async () => {
  expect(await start({ eventLimit: 10 })).toMatchObject({ done: 10, generations: all.length });
  expect(world.executions.get('e/score')!.inputs.length).toBeGreaterThan(2);
  expect(scored.sort()).toEqual(all.sort());
  // metrics are recorded, and engines asked for, once
  for (const name of ['recordMetrics', 'chooseEngine'])
    expect(world.scheduled.filter((one) => one.name === name)).toHaveLength(1);
});

test('its steps are for the engine that was chosen; what cannot be scored is told by run, and costs nothing else', async () => {
  const works = world.activities.score;
  const engines = new Set<unknown>();
  world.activities.score = async (input: ScoreInput) => {
    engines.add(input.place.engine);
    if (input.place.generation === 3) throw ApplicationFailure.nonRetryable('no', 'habsburg.failed');
    return works(input);
  };
  const progress = await start();
  expect([...engines]).toEqual(['stand-in']);
  expect(progress).toMatchObject({ done: 10, problemCount: 10 });
  expect(progress.problems).toHaveLength(10);
  expect(progress.problems[0]).toMatchObject({ run: 'replace/seed-1', what: 'score', generation: 3, message: 'no' });
});

test('how far it is, it says while it goes', async () => {
  const works = world.activities.left;
  let held = true;
  world.activities.left = async (input: LeftInput) => {
    if (input.run.seed > 8) await world.until(() => !held);
    return works(input);
  };
  const outcome = start();
  const progress = () => world.query('e/score', scoreProgressQuery);
  await world.until(() => world.executions.get('e/score')!.handlers.has('progress') && progress().done === 8);
  expect(progress()).toMatchObject({ runs: 10, generations: 7 * 20 + 5 });
  held = false;
  expect(await outcome).toMatchObject({ done: 10 });
});
