/**
 * Recorded histories of small runs, replayed with the present workflow code. Red means that experiments of an embedded server are
 * started again under this code instead of going on, and that runs of other servers go over to it at their next generation and not
 * before. Where a change of order is meant, record anew (histories/record.mjs) and say so in the changelog.
 */
import { beforeAll, expect, test } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { bundleWorkflows } from '../../infra/workflow-bundle.mjs';

interface Recorded {
  readonly workflowId: string;
  readonly history: { readonly events: readonly Readonly<Record<string, unknown>>[] };
}

const FOLDER = fileURLToPath(new URL('./histories', import.meta.url));
const recordings = readdirSync(FOLDER).filter((name) => name.endsWith('.json.gz'));

function read(name: string): Recorded[] {
  const payload = (_: string, value: { text?: unknown } | null) => {
    if (typeof value?.text !== 'string') return value;
    const { text, ...rest } = value;
    return { ...rest, data: Buffer.from(text as string).toString('base64') };
  };
  return JSON.parse(gunzipSync(readFileSync(`${FOLDER}/${name}`)).toString(), payload) as Recorded[];
}

/** Workflow ids of histories that the code would not have written, or fails on. */
async function failing(code: string, histories: readonly Recorded[]): Promise<{ id: string; error: unknown }[]> {
  const found: { id: string; error: unknown }[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { code } }, histories))
    if (error) found.push({ id: workflowId, error });
  return found;
}

const started = ({ history }: Recorded) =>
  history.events[0].workflowExecutionStartedEventAttributes as {
    workflowType: { name: string };
    continuedExecutionRunId?: string;
  };

let code: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  code = await bundleWorkflows(fileURLToPath(new URL('../../workflows', import.meta.url)), 'ts');
});

test.each(recordings)('%s: the present code does what was done', async (name) => {
  const histories = read(name);
  for (const { history } of histories)
    // a history of no command would pass under any code
    expect(history.events.some((event) => event.workflowTaskCompletedEventAttributes)).toBe(true);
  expect(await failing(code, histories)).toEqual([]);
});

test('they hold every kind of workflow of an experiment, whole ones and such that were continued as new', () => {
  const all = recordings.flatMap(read).map(started);
  for (const kind of ['experiment', 'run'])
    for (const continued of [false, true])
      expect(all.some((one) => one.workflowType.name === kind && Boolean(one.continuedExecutionRunId) === continued)).toBe(true);
  expect(all.some((one) => one.workflowType.name === 'evaluate')).toBe(true);
});

test('code that does two things in another order is noticed, in the runs that did them', async () => {
  const swapped = code.replace(
    /(if \(plan\.kind === (?:undefined|void 0) && !input\.carried\)\s*await prepare\(plan\);)(\s*)(if \(!input\.carried\)\s*await records\.status\(['"]running['"]\);)/,
    '$3$2$1',
  );
  expect(swapped).not.toBe(code);
  for (const name of recordings) {
    const histories = read(name);
    const prepared = histories.filter(
      (one) => started(one).workflowType.name === 'run' && JSON.stringify(one.history).includes('"name":"prepare"'),
    );
    const found = await failing(swapped, histories);
    expect(found.map(({ id }) => id).sort()).toEqual(prepared.map(({ workflowId }) => workflowId).sort());
    for (const { error } of found) expect((error as Error).name).toBe(DeterminismViolationError.name);
  }
});

test('they say nothing of the machine that recorded them', () => {
  for (const name of recordings)
    expect(gunzipSync(readFileSync(`${FOLDER}/${name}`)).toString()).not.toMatch(
      /"identity"|\d+@|\/home\/|\/root|\/tmp|\/Users\/|127\.0\.0\.1/,
    );
});
