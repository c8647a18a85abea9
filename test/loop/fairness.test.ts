/** Two experiments, one worker with one slot: the later one does not wait until the earlier one's queue is empty. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOutcome } from './support.js';
import { habsburg, json, start, temporaryFolder, type Running } from './support.js';

/** Runs of one step each, all of them waiting at once. */
const SWEEP = 40;
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

/** Names of the experiments whose steps are done, in the order in which these began. */
async function order(): Promise<string[]> {
  const statements = at('store/statements/steps');
  const files = await readdir(statements, { recursive: true }).catch(() => []);
  const begun = await Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .map(async (file) => {
        const { predicate } = JSON.parse(await readFile(join(statements, file), 'utf8')) as {
          predicate: { runDetails: { metadata: { invocationId: string; startedOn: string } } };
        };
        const { invocationId, startedOn } = predicate.runDetails.metadata;
        return { startedOn, experiment: invocationId.includes('later/') ? 'later' : 'sweep' };
      }),
  );
  return begun.sort((a, b) => a.startedOn.localeCompare(b.startedOn)).map((step) => step.experiment);
}

test('each gets its turn, however many steps the other has waiting', async () => {
  while ((await habsburg([...run('sweep'), '--detach'])).code !== 0) await sleep(500);
  while ((await order()).length < 2) await sleep(200);
  const before = (await order()).length;
  const later = await json<RunOutcome>(run('later'));
  expect(later.result.steps).toEqual({ computed: LATER, reused: 0 });

  const steps = await order();
  expect(steps.filter((name) => name === 'later')).toHaveLength(LATER);
  // in turns: about one of the sweep's steps to one of ours, where first come, first served would let all of them pass
  const between = steps.slice(before, steps.lastIndexOf('later')).filter((name) => name === 'sweep').length;
  expect(between).toBeLessThan(SWEEP / 2);
  await habsburg(['cancel', 'sweep', '--home', at('home')]);
}, 600_000);
