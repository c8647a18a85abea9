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
  'window-drained': /a slot of the window stands empty while a run waits/,
  'window-too-wide': /\d runs are under way, and only \d may be/,
  'pause-lost': /begins \w+, and the experiment is paused/,
  'cancel-lost': /goes on to its end, though the experiment was cancelled/,
  'end-counted-twice': /the experiment says .*, and .* happened/,
  'asked-and-gone': /\d runs are under way, and only \d may be|has not ended|the experiment says/,
  'end-unheard': /the experiment says .*, and .* happened/,
  'lease-believed-too-long': /waits for the lease of step \d, which nobody has renewed/,
  'lease-believed-too-short': /is computed twice: nobody had reason to believe/,
  'lease-taken-by-several': /is computed twice: nobody had reason to believe/,
  'memo-asked-once': /is computed again, though it is finished/,
  'lease-given-back-early': /is computed twice: nobody had reason to believe/,
  'folder-race': /failed: writing .*(ENOENT|ENOTDIR)/,
};

test('every fault that can be put back has its line here', () => {
  expect(Object.keys(SEEN).sort()).toEqual(Object.keys(FAULTS).sort());
});

test.each(Object.entries(SEEN))(
  '%s, put back, is found within 3,000 schedules',
  async (fault, sees) => {
    const { failure } = await simulate('--fault', fault, '--schedules', '3000', '--seed', '1');
    expect(failure).toMatchObject({ seed: expect.any(Number), message: expect.stringMatching(sees) });
    expect(failure!.cut.to).toBeLessThanOrEqual(3); // deeds, of up to fifteen
  },
  120_000,
);

test('a seed tells its story again in another process, and another one where the fault is not', async () => {
  const fault = 'extension-lost';
  const { failure } = await simulate('--fault', fault, '--schedules', '3000', '--seed', '1');
  const alone = ['--schedules', '1', '--seed', String(failure!.seed)];
  expect((await simulate('--fault', fault, ...alone)).failure).toEqual(failure);
  expect((await simulate('--scenario', FAULTS[fault].scenario, ...alone)).failure).toBeUndefined();
}, 120_000);
