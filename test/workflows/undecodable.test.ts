/** A signal that nobody can read is spared the workflow. */
import { expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { World, installSdk } from './world.js';

installSdk();
const { interceptors } = await import('../../workflows/undecodable.js');
const [{ activate }] = interceptors().internals! as unknown as { activate(input: unknown, next: (input: any) => void): void }[];
const world = new World();

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const broken: Payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') };
const signal = (signalName: string, ...input: Payload[]) => ({ signalWorkflow: { signalName, input } });

test('it is dropped and logged; whatever else comes with it stays, in its order', async () => {
  const timer = { fireTimer: { seq: 1 } };
  const activation = {
    jobs: [
      signal('good', payload(3)),
      signal('bad', payload(1), broken),
      timer,
      signal('none'),
      signal('unknown', { metadata: {}, data: null }),
    ],
  };
  let handed: unknown;
  await world.start(async () => activate({ activation }, (input) => (handed = input)), 'w', {});
  expect(handed).toEqual({ activation: { jobs: [signal('good', payload(3)), timer, signal('none')] } });
  expect(world.logged.map(({ message, meta }) => [message, meta.signal])).toEqual(
    ['bad', 'unknown'].map((name) => ['a signal that cannot be decoded is ignored', name]),
  );
});

test('an activation without jobs goes on', async () => {
  let handed: unknown;
  await world.start(async () => activate({ activation: {} }, (input) => (handed = input)), 'v', {});
  expect(handed).toEqual({ activation: {} });
});
