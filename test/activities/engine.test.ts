/** Which engine computes an experiment does not depend on who is asked, and another one hands its steps back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/activity';
import { OtherEngine, checkEngine, engineActivity, engineName, pickEngine } from '../../activities/engine.js';
import { toFailure } from '../../activities/failures.js';
import type { ActivityDependencies, StepPlace } from '../../activities/types.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { digestOf } from '../../common/canonical.js';
import { livingEngines } from '../../workers/engines.js';
import { failure } from '../artifacts/object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-engine-choice-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const plan = digestOf('plan');
/** a worker with engine `own` on a queue that engines `living` serve */
const worker = (own: string, living: readonly string[], store = join(root, 'store')): ActivityDependencies =>
  ({
    openStore: () => openArtifactStore(store),
    engineFingerprint: () => own,
    livingEngines: () => Promise.resolve(living),
    device: 'cpu',
  }) as unknown as ActivityDependencies;
const choose = (deps: ActivityDependencies) => engineActivity(deps)({ store: 's', plan });

test('whoever is asked says the same, and the second time the same as the first while a worker with it lives', async () => {
  const both = ['amx', 'avx512'];
  expect(await choose(worker('avx512', ['avx512']))).toBe('avx512');
  for (const own of both) expect(await choose(worker(own, both))).toBe('avx512');
  // it is gone: another computes, and from then on that one is preferred
  expect(await choose(worker('amx', ['amx']))).toBe('amx');
  expect(await choose(worker('avx512', both))).toBe('amx');
  for (const own of both) expect(await choose(worker(own, both, join(root, 'fresh')))).toBe('amx');
});

test('a damaged note of it is written anew', async () => {
  const store = join(root, 'damaged');
  await choose(worker('b', ['b'], store));
  for (const content of ['{', 'null', '{"schema":"habsburg.engine/v1","engine":3}']) {
    writeFileSync(join(store, 'names', `${engineName(plan)}.json`), content);
    expect(await choose(worker('b', ['a', 'b'], store))).toBe('a');
  }
  expect(pickEngine(['b', 'a'], 'c')).toBe('a');
});

test('a step for another engine is handed back for as long as a worker with that one lives, and then refused with a sentence', async () => {
  const place = { engine: 'amx' } as StepPlace;
  await checkEngine(worker('amx', []), place, 'amx', 99);
  await checkEngine(worker('amx', []), {} as StepPlace, 'other', 99);
  const handedBack = (living: string[], attempt: number) =>
    checkEngine(worker('avx512', living), place, 'avx512', attempt).catch((error: unknown) => error);
  for (const error of [await handedBack([], 1), await handedBack(['amx', 'avx512'], 10_000)]) {
    expect(error).toBeInstanceOf(OtherEngine);
    const told = toFailure(error, 'finetune', 10_000) as ApplicationFailure;
    expect(told.nonRetryable).toBe(false);
    expect(told.nextRetryDelay).toBe('2 seconds');
  }
  const { kind, message } = await failure(checkEngine(worker('avx512', ['avx512']), place, 'avx512', 5));
  expect(kind).toBe('invalid');
  expect(message).toMatch(/computed by the engine amx, and no worker has it any more \(this one has avx512\)/);
});

test("living engines are those of workers that asked for work lately, by the server's clock", () => {
  const poller = (identity: string, seconds: number) => ({ identity, lastAccessTime: { seconds: String(seconds) } });
  expect(
    livingEngines([
      poller('1@a, 2 slots | b/1 x64', 1000),
      poller('2@a, 1 slot | a/1 x64', 960),
      poller('3@b | a/1 x64', 990),
      poller('4@gone | c/1 x64', 900),
      poller('5@another program', 1000),
    ]),
  ).toEqual(['a/1 x64', 'b/1 x64']);
  expect(livingEngines([])).toEqual([]);
});
