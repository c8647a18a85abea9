/**
 * The simulator by itself: what there is passes thousands of schedules, and each fault that is put back is found. A seed tells its story
 * again: node test/simulation/run.mjs --schedules 1 --seed N --scenario S [--fault F].
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { FAULTS } from './faults.mjs';

interface Told {
  readonly total: Readonly<Record<string, { readonly schedules: number; readonly events: number }>>;
  readonly failure?: { readonly seed: number; readonly message: string; readonly schedule: object; readonly cut: { readonly to: number } }; // prettier-ignore
}

function simulate(...args: string[]): Promise<Told> {
  const script = fileURLToPath(new URL('./run.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, '--json', '--processes', '1', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  return new Promise((resolve, reject) => child.on('close', () => {
    try { resolve(JSON.parse(out) as Told); } catch (error) { reject(error as Error); }
  })); // prettier-ignore
}

test('two thousand schedules of experiments, steps and folders as they are: nothing is seen that must not be', async () => {
  const { total, failure } = await simulate('--schedules', '2000', '--seed', '1');
  expect(failure).toBeUndefined();
  expect(Object.keys(total).sort()).toEqual(['experiments', 'folders', 'steps']);
  for (const { schedules, events } of Object.values(total)) {
    expect(schedules).toBeGreaterThan(600);
    expect(events / schedules).toBeGreaterThan(50);
  }
}, 180_000);

/** by fault: what is seen of it */
const SEEN: Readonly<Record<string, RegExp>> = {
  'extension-lost': /ended at generation \d+ of \d+/,
  'records-poisoned': /is completed, and its documents say running/,
  'score-costs-generation': /has no document of its generation \d/,
  'lease-believed-too-long': /waits for the lease of step \d, which nobody has renewed/,
  'lease-believed-too-short': /is taken from worker-\d, which counted up|is computed twice/,
  'memo-asked-once': /is computed again, though it is finished/,
  'lease-given-back-early': /is computed twice: nobody had reason to believe/,
  'folder-race': /failed: writing .*(ENOENT|ENOTDIR)/,
};

test('every fault that can be put back has its line here', () => {
  expect(Object.keys(SEEN).sort()).toEqual(Object.keys(FAULTS).sort());
});

test.each(Object.entries(SEEN))(
  '%s, put back, is found within 500 schedules, and again from its seed',
  async (fault, sees) => {
    const { failure } = await simulate('--fault', fault, '--schedules', '500', '--seed', '1');
    expect(failure).toMatchObject({ seed: expect.any(Number), message: expect.stringMatching(sees) });
    const { seed, cut } = failure!;
    expect(cut.to).toBeLessThanOrEqual(2); // deeds, of up to fifteen
    const alone = ['--schedules', '1', '--seed', String(seed)];
    expect((await simulate('--fault', fault, ...alone)).failure).toEqual(failure);
    // it is the fault that is seen, and nothing else
    expect((await simulate('--scenario', FAULTS[fault].scenario, ...alone)).failure).toBeUndefined();
  },
  120_000,
);
