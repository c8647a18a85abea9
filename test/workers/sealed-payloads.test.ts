/** A seal opens for who holds the secret, for the workflow or activity it was made for, and for nothing else. */
import { describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload, SerializationContext } from '@temporalio/common';
import { randomBytes } from 'node:crypto';
import { REFUSED } from '../../common/refused.js';
import { summary } from '../../common/summary.js';
import { sealedPayloads } from '../../workers/sealed-payloads.js';

const secret = randomBytes(32);
const [codec] = sealedPayloads(secret, 'refuse').payloadCodecs!;
const [marking] = sealedPayloads(secret, 'mark').payloadCodecs!;
const [showing] = sealedPayloads(secret, 'show').payloadCodecs!;
const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const value = ([one]: Payload[]) => defaultPayloadConverter.fromPayload(one);
const workflow = (workflowId: string): SerializationContext => ({ type: 'workflow', namespace: 'default', workflowId });
const activity = (activityId: string): SerializationContext => ({
  type: 'activity',
  namespace: 'default',
  workflowId: 'w',
  activityId,
  isLocal: false,
});

describe('sealed payloads', () => {
  test('come back as they were, and show nothing on the way', async () => {
    for (const original of [
      undefined,
      null,
      'ä',
      { plan: { data: 'file:/home/me/diary.txt' } },
      new Uint8Array([0, 255]),
      1e300,
    ]) {
      const [sealed] = await codec.encode([payload(original)], workflow('w'));
      expect(Buffer.from(sealed.data!).toString('latin1')).not.toMatch(/diary|plan|json/);
      expect(Object.keys(sealed.metadata!)).toEqual(['encoding']);
      expect(value(await codec.decode([sealed], workflow('w')))).toEqual(original);
      expect(value(await codec.decode([sealed]))).toEqual(original); // a reader that does not know whose it is
    }
  });

  test('a payload without data, as protobuf hands on the answer of an update that returns nothing', async () => {
    const empty = { ...payload(undefined), data: [] as unknown as Uint8Array };
    const [sealed] = await codec.encode([empty], workflow('w'));
    expect(value(await codec.decode([sealed], workflow('w')))).toBeUndefined();
  });

  test('a line for the UI is readable for everybody, and from nobody is it believed', async () => {
    const line = payload(summary('finetune', 'student', 'generation 3'));
    for (const context of [workflow('w'), activity('3')]) expect(await codec.encode([line], context)).toEqual([line]);
    await expect(codec.decode([line], workflow('w'))).rejects.toThrow(REFUSED.refused);
    // what only looks like one does not become readable
    for (const other of [['a · b'], { a: 'a · b' }, `a · ${'b'.repeat(400)}`]) {
      const [sealed] = await codec.encode([payload(other)], workflow('w'));
      expect(Object.keys(sealed.metadata!)).toEqual(['encoding']);
      expect(value(await codec.decode([sealed], workflow('w')))).toEqual(other);
      expect(Buffer.from(sealed.data!).toString('utf8')).not.toContain('·');
    }
  });

  test('the same value is never sealed to the same bytes', async () => {
    const sealed = await codec.encode([payload(1), payload(1)], workflow('w'));
    expect(Buffer.from(sealed[0].data!).equals(Buffer.from(sealed[1].data!))).toBe(false);
  });

  test('what is foreign, changed, cut or meant for another is refused, or marked for workflow code, or not shown', async () => {
    const [mine] = await codec.encode([payload('work')], workflow('w'));
    const [theirs] = await sealedPayloads(randomBytes(32), 'refuse').payloadCodecs![0].encode([payload('work')], workflow('w'));
    const [step] = await codec.encode([payload('work')], activity('3'));
    const changed = (at: number) => {
      const data = Uint8Array.from(mine.data!);
      data[at] ^= 1;
      return { ...mine, data };
    };
    const cases: [string, Payload, SerializationContext][] = [
      ['in clear', payload('work'), workflow('w')],
      ['in clear, called sealed', { ...payload('work'), metadata: mine.metadata }, workflow('w')],
      ['empty', { metadata: mine.metadata, data: new Uint8Array(0) }, workflow('w')],
      ['without data', { metadata: mine.metadata }, workflow('w')],
      ['without metadata', { data: mine.data }, workflow('w')],
      ['of another secret', theirs, workflow('w')],
      ['nonce changed', changed(0), workflow('w')],
      ['content changed', changed(20), workflow('w')],
      ['tag changed', changed(mine.data!.byteLength - 1), workflow('w')],
      ['cut', { ...mine, data: mine.data!.subarray(0, -1) }, workflow('w')],
      ['of another workflow', mine, workflow('v')],
      ['of another namespace', mine, { type: 'workflow', namespace: 'other', workflowId: 'w' }],
      ['of a workflow, for its activity', mine, activity('3')],
      ['of another activity', step, activity('4')],
    ];
    for (const [what, foreign, context] of cases) {
      expect([what, await codec.decode([foreign], context).catch((error: Error) => error.message)]).toEqual([
        what,
        REFUSED.refused,
      ]);
      expect([what, value(await marking.decode([foreign], context))]).toEqual([what, REFUSED]);
      const shown = what === 'in clear' ? 'work' : undefined;
      if (foreign.metadata) expect([what, value(await showing.decode([foreign], context))]).toEqual([what, shown]);
    }
    expect(value(await codec.decode([step], activity('3')))).toBe('work');
  });
});
