/** An engine that breaks the protocol: its word counts for what it is, and it costs neither memory nor time without end. */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JobHooks, RunJob } from '../../activities/types.js';
import type { Job } from '../../families/types.js';
import type { EngineClientOptions } from '../../workers/engine-client.js';
import { parseHostEvent } from '../../workers/protocol.js';

const DIST = new URL('../../dist/workers/engine-client.js', import.meta.url);
const { engineClient } = (await import(pathToFileURL(DIST.pathname).href)) as {
  engineClient(options: EngineClientOptions): RunJob;
};
const root = mkdtempSync(join(tmpdir(), 'habsburg-protocol-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
/** What becomes of a job whose engine does this once it has been asked. */
async function ends(does: string, hooks: Partial<JobHooks> = {}, options: Partial<EngineClientOptions> = {}): Promise<unknown> {
  const host = join(root, `host-${made++}.mjs`);
  writeFileSync(
    host,
    `import { createInterface } from 'node:readline';
     const say = (m) => process.stdout.write((typeof m === 'string' ? m : JSON.stringify(m)) + '\\n');
     const hello = { type: 'hello', version: 1, pid: process.pid, engine: 'evil' };
     let asked = false;
     createInterface({ input: process.stdin }).on('line', (line) => { if (asked) return globalThis.answered?.(line); asked = true; ${does} });`,
  );
  const all: JobHooks = {
    signal: new AbortController().signal,
    checkpointSeconds: 1,
    scratch: root,
    alive: () => undefined,
    progress: () => undefined,
    checkpoint: () => Promise.resolve(),
    ...hooks,
  };
  return engineClient({ threads: 1, host, ...options })({ op: 'fit', family: 'vae' } as Job, all).then(
    (report) => ({ report }),
    (error: Error & { kind?: string }) => ({ kind: error.kind ?? error.name, message: error.message }),
  );
}

test('a report is small numbers by name, and the process ends well', async () => {
  expect(await ends(`say(hello); say({ type: 'result', report: { loss: 1.5 } }); process.exit(0)`)).toEqual({
    report: { loss: 1.5 },
  });
});

test.each([
  ['no report', `say({ type: 'result' }); process.exit(0)`],
  ['null for a report', `say({ type: 'result', report: null }); process.exit(0)`],
  ['a report with depths', `say({ type: 'result', report: { a: { b: 1 } } }); process.exit(0)`],
  ['a result, then exit code 1', `say({ type: 'result', report: {} }); process.exitCode = 1; process.stdin.destroy()`],
  ['nothing', `process.exit(0)`],
  ['rubbish', `['hello?', '{"type":', 'null', '[]', '"x"', '{"type":"unknown"}'].forEach(say); process.exit(0)`],
])('%s: the engine died, which is tried again a number of times', async (_what, does) => {
  expect(await ends(does)).toMatchObject({ kind: 'EngineDied' });
});

test.each([
  [`{ type: 'error', kind: 'weird', message: 'what' }`, 'what'],
  [`{ type: 'error', kind: '__proto__', message: 'what' }`, 'what'],
  [`{ type: 'error', kind: 'terminated', message: 'what' }`, 'what'],
  [`{ type: 'error' }`, 'the engine gave no reason'],
  [`{ type: 'error', kind: 'failed', message: '' }`, 'the engine gave no reason'],
])('%s is a failure like any other', async (event, message) => {
  expect(await ends(`say(${event}); process.exit(1)`)).toEqual({ kind: 'failed', message });
});

test('the first word counts: a second result or a late error changes nothing', async () => {
  const two = `say({ type: 'result', report: { n: 1 } }); say({ type: 'result', report: { n: 2 } }); say({ type: 'error', kind: 'failed', message: 'late' }); process.exit(0)`;
  expect(await ends(two)).toEqual({ report: { n: 1 } });
});

test('a line without an end is bounded', async () => {
  const before = process.memoryUsage().rss;
  const endless = `const c = 'x'.repeat(1 << 20); const go = () => { while (process.stdout.write(c)); process.stdout.once('drain', go); }; go()`;
  expect(await ends(endless)).toMatchObject({ kind: 'EngineDied', message: expect.stringContaining('a line of more than') });
  expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
}, 30_000);

test('another engine than the one that was announced does not get to compute', async () => {
  const does = `say(hello); setTimeout(() => { say({ type: 'result', report: {} }); process.exit(0) }, 2000)`;
  expect(await ends(does, { engine: 'good' })).toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/is evil now, but the worker that started it announced good/),
  });
  expect(await ends(does, { engine: 'evil' })).toEqual({ report: {} });
}, 30_000);

test('one that stops talking (kill -STOP) is ended', async () => {
  const stopped = `say(hello); process.kill(process.pid, 'SIGSTOP')`;
  expect(await ends(stopped, {}, { silenceSeconds: 1 })).toMatchObject({
    kind: 'EngineDied',
    message: expect.stringContaining('said nothing for 1 s'),
  });
}, 30_000);

test('events are read with distrust', () => {
  expect(parseHostEvent('{"type":"tick","cpuSeconds":1,"rssBytes":2}')).toEqual({ type: 'tick', cpuSeconds: 1, rssBytes: 2 });
  for (const line of ['', '{', 'null', '{"type":"checkpoint","id":1}', '{"type":"progress","progress":{"done":"x"}}'])
    expect(parseHostEvent(line).type).toBe('malformed');
});
