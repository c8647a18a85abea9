/** An engine that breaks the protocol: its word counts for what it is, and it costs neither memory nor time without end. */
import { afterAll, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine, EngineOptions } from '../../engines/client.js';
import { parseHostEvent } from '../../engines/protocol.js';
import type { EngineId } from '../../engines/registry.js';
import type { JobHooks } from '../../engines/run-job.js';
import type { Job } from '../../kinds/host/types.js';

const DIST = new URL('../../dist/engines/client.js', import.meta.url);
const { openEngine } = (await import(pathToFileURL(DIST.pathname).href)) as {
  openEngine(id: EngineId, options: EngineOptions): Promise<Engine>;
};
const root = mkdtempSync(join(tmpdir(), 'habsburg-protocol-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const hello = {
  type: 'hello',
  version: 2,
  pid: 1,
  id: 'onnx-node',
  fingerprints: { cpu: 'good' },
  can: { devices: ['cpu'], fit: 'all', generate: 'all', observe: {}, simulate: {} },
};
let made = 0;

/** A program that says `first` when it starts, and does this once it has been asked. */
function program(
  does: string,
  first: unknown = hello,
): { file: string; command: [string, string]; becomes(other: string): void } {
  const file = join(root, `host-${made++}.mjs`);
  const write = (said: string) =>
    writeFileSync(
      file,
      `import { createInterface } from 'node:readline';
       import { writeFileSync } from 'node:fs';
       const say = (m) => process.stdout.write((typeof m === 'string' ? m : JSON.stringify(m)) + '\\n');
       say(${said});
       let asked = false;
       createInterface({ input: process.stdin }).on('close', () => process.exit(0)).on('line', (line) => { if (asked) return globalThis.answered?.(line); asked = true; ${does} });`,
    );
  write(JSON.stringify(first));
  return { file, command: ['node', file], becomes: write };
}

const told = (error: Error & { kind?: string }) => ({ kind: error.kind ?? error.name, message: error.message });
const asHooks = (hooks: Partial<JobHooks> = {}): JobHooks => ({
  signal: new AbortController().signal,
  checkpointSeconds: 1,
  scratch: root,
  alive: () => undefined,
  progress: () => undefined,
  checkpoint: () => Promise.resolve(),
  ...hooks,
});
const JOB = { op: 'fit', family: 'vae', start: { model: 'm' }, training: {} } as unknown as Job;

/** What becomes of a job whose engine does this once it has been asked. */
async function ends(does: string, hooks: Partial<JobHooks> = {}, options: Partial<EngineOptions> = {}): Promise<unknown> {
  const { run } = await openEngine('onnx-node', { threads: 1, command: program(does).command, ...options });
  return run(JOB, asHooks(hooks)).then((report) => ({ report }), told);
}

test('a report is small numbers by name, and the process ends well', async () => {
  expect(await ends(`say({ type: 'result', report: { loss: 1.5 } }); process.exit(0)`)).toEqual({
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

test.each([
  ['nothing', `''`, /does not begin with hello as protocol 2 has it, but with $/],
  ['rubbish', `'hello?'`, /does not begin with hello .* but with hello\?$/],
  ['another event', `'{"type":"tick","cpuSeconds":1,"rssBytes":2}'`, /but with tick/],
  ['an old protocol', `'{"type":"hello","version":1,"pid":1,"engine":"x"}'`, /onnx-node speaks protocol 1, and this worker 2/],
  ['another engine', JSON.stringify({ ...hello, id: 'torch' }), /of the engine onnx-node says that it is the engine torch/],
  [
    'limits of a later release',
    JSON.stringify({ ...hello, can: { ...hello.can, fit: { vae: { speed: 1 } } } }),
    /does not begin with hello/,
  ],
])('who begins with %s is not asked for anything', async (_what, first, message) => {
  const { command, becomes } = program('');
  becomes(first);
  await expect(openEngine('onnx-node', { threads: 1, command })).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(message),
  });
});

test('a program that cannot be started, or ends before it has said who it is, is named with its reason', async () => {
  const opened = (command: [string, ...string[]]) => openEngine('onnx-node', { threads: 1, command }).catch(told);
  expect(await opened(['/nowhere/engine'])).toMatchObject({
    message: expect.stringMatching(/\/nowhere\/engine\) cannot be started: .*ENOENT/),
  });
  expect(await opened(['node', '-e', 'console.error("no CUDA"); process.exit(3)'])).toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/ended by exit code 3 before it said who it is: no CUDA/),
  });
});

test('a program that was swapped under a running worker is refused by name, and does not get the job', async () => {
  const done = join(root, 'done');
  const { command, becomes } = program(
    `writeFileSync(${JSON.stringify(done)}, ''); say({ type: 'result', report: {} }); process.exit(0)`,
  );
  const { run, fingerprint } = await openEngine('onnx-node', { threads: 1, command });
  expect(fingerprint('cpu')).toBe('good');
  becomes(JSON.stringify({ ...hello, fingerprints: { cpu: 'evil' } }));
  const swapped = {
    kind: 'unreachable',
    message:
      'the engine onnx-node is evil now, but the worker that started it announced good: it was replaced since; start the worker again',
  };
  expect(await run(JOB, asHooks()).catch(told)).toEqual(swapped);
  expect(await run(JOB, asHooks({ engine: 'good' })).catch(told)).toEqual(swapped);
  becomes(JSON.stringify({ ...hello, id: 'torch' }));
  expect(await run(JOB, asHooks()).catch(told)).toMatchObject({
    message: expect.stringMatching(/says that it is the engine torch/),
  });
  expect(existsSync(done)).toBe(false);
});

test('a job that an engine cannot do is refused before a process is started', async () => {
  const { command, file } = program('');
  const { run, fingerprint } = await openEngine('onnx-node', { threads: 1, command });
  rmSync(file);
  const refused = (job: object, hooks: Partial<JobHooks> = {}) => run(job as Job, asHooks(hooks)).catch(told);
  expect(await refused({ op: 'observe', observation: 'likelihood', settings: {} })).toEqual({
    kind: 'invalid',
    message: 'the engine onnx-node cannot make the observation likelihood; it has nothing of the kind',
  });
  expect(await refused(JOB, { device: 'cuda' })).toEqual({
    kind: 'invalid',
    message: 'the engine onnx-node does not compute on cuda; it has cpu',
  });
  expect(() => fingerprint('webgpu')).toThrow('the engine onnx-node does not compute on webgpu; it has cpu');
});

test('a device that is not there is told in the engine’s own words; it is asked of a program that is only to say who it is', async () => {
  const able = { ...hello, fingerprints: { cpu: 'good', cuda: 'good too' }, can: { ...hello.can, devices: ['cpu', 'cuda'] } };
  const opened = async (lacks?: object) => {
    const { command } = program('', { ...able, ...(lacks && { lacks }) });
    return openEngine('onnx-node', { threads: 1, device: 'cuda', command });
  };
  expect((await opened()).fingerprint('cuda')).toBe('good too');
  const without = await opened({ cuda: 'device cuda: the driver is from last year' });
  expect(() => without.fingerprint('cuda')).toThrow('device cuda: the driver is from last year');
  expect(without.fingerprint('cpu')).toBe('good');
  // onnxruntime's own program: it is there, or a sentence says what is missing; unasked it does not look
  const asked = await openEngine('onnx-node', { threads: 1, device: 'cuda' });
  const unasked = await openEngine('onnx-node', { threads: 1 });
  expect(unasked.hello.lacks).toBeUndefined();
  const { cuda = unasked.fingerprint('cuda') } = asked.hello.lacks ?? {};
  const said = (() => {
    try {
      return asked.fingerprint('cuda');
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(said).toBe(cuda);
  if (asked.hello.lacks) expect(said).toMatch(/^device cuda: .*use the device cpu$/);
});

test('one that stops talking (kill -STOP) is ended', async () => {
  const stopped = `process.kill(process.pid, 'SIGSTOP')`;
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
