/** Two experiments, one worker with one slot: the later one does not wait until the earlier one's queue is empty. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOutcome } from './support.js';
import { habsburg, json, start, temporaryFolder, type Running } from './support.js';
import { signedJson } from '../support/signer.js';

/** Runs of one step each, all of them waiting at once: more than are done before the later one has begun. */
const SWEEP = 120;
const LATER = 5;
const experiment = (name: string, from: number, steps: number) => `schemaVersion: 1
name: ${name}
seeds: { from: ${from}, count: ${steps * 250} }
generations: 1
population: [{ name: n, family: gaussian, sample: 2 }]
conditions: [{ name: replace, mixture: { kind: replace } }]
execution: { concurrency: ${steps} }
`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dev: Running;
const at = (name: string) => join(folder.path, name);
beforeAll(async () => {
  folder = await temporaryFolder('fairness');
  await writeFile(at('sweep.yaml'), experiment('sweep', 1, SWEEP));
  await writeFile(at('later.yaml'), experiment('later', 100_001, LATER));
  dev = start(['dev', '--home', at('home'), '--slots', '1', '--quiet']);
});
afterAll(async () => {
  dev?.kill('SIGINT');
  await dev?.finished;
  await folder.remove();
});

const run = (name: string) => ['run', at(`${name}.yaml`), '--home', at('home'), '--store', at('store')];

interface Step {
  readonly startedOn: string;
  readonly experiment: 'sweep' | 'later';
}

/** The steps that are done, in the order in which they began. */
async function steps(): Promise<Step[]> {
  const statements = at('store/statements/steps');
  const files = await readdir(statements, { recursive: true }).catch(() => []);
  const begun = await Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .map(async (file): Promise<Step> => {
        const { predicate } = signedJson(await readFile(join(statements, file))) as {
          predicate: { runDetails: { metadata: { invocationId: string; startedOn: string } } };
        };
        const { invocationId, startedOn } = predicate.runDetails.metadata;
        return { startedOn, experiment: invocationId.includes('later/') ? 'later' : 'sweep' };
      }),
  );
  return begun.sort((a, b) => a.startedOn.localeCompare(b.startedOn));
}

test('each gets its turn, however many steps the other has waiting', async () => {
  while ((await habsburg([...run('sweep'), '--detach'])).code !== 0) await sleep(500);
  while ((await steps()).length < 2) await sleep(200);
  expect((await habsburg([...run('later'), '--detach'])).code).toBe(0);
  const asked = new Date().toISOString();
  const later = await json<RunOutcome>(run('later'));
  expect(later.result.steps).toEqual({ computed: LATER, reused: 0 });

  const done = await steps();
  expect(done.filter(({ experiment }) => experiment === 'later')).toHaveLength(LATER);
  // in turns: about one of the sweep's steps to one of ours, where first come, first served would let all that wait pass
  const sweep = done.filter(({ experiment }) => experiment === 'sweep');
  const waited = SWEEP - sweep.filter(({ startedOn }) => startedOn < asked).length;
  expect(waited).toBeGreaterThan(SWEEP / 4);
  const last = done.findLast(({ experiment }) => experiment === 'later')!.startedOn;
  const between = sweep.filter(({ startedOn }) => startedOn > asked && startedOn < last).length;
  expect(between).toBeLessThan(waited / 2);
  await habsburg(['cancel', 'sweep', '--home', at('home')]);
}, 600_000);
