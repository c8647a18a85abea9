/**
 * Every order in which two that use one store can come to their turns. Each runs alone from one of its calls that matter to the next; at
 * every such call it is decided whose turn it is. An order that comes to a state that was seen before is not followed again: state is what
 * the store holds and what each was told so far.
 */
import { Readable } from 'node:stream';
import type { ObjectStore } from '../../artifacts/types.js';
import type { MemoryStore } from '../support/memory-store.js';

export type Actor = 'writer' | 'collector';

/** A call that is about to be made, or the end. */
type Step = { readonly call: string; go(): void } | 'over';

/** differs from one playing to the next */
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

class Abandoned extends Error {}

/** One actor's view of the store, that stops before each call that matters. */
class Turns {
  told: string[] = [];
  #arrived!: (step: Step) => void;
  next!: Promise<Step>;
  abandoned = false;

  constructor(readonly matters: (call: string, key: string) => boolean) {
    this.#expect();
  }
  #expect(): void {
    this.next = new Promise((resolve) => (this.#arrived = resolve));
  }
  over(): void {
    this.#arrived('over');
  }

  view(store: MemoryStore): ObjectStore {
    let before: Promise<unknown> = Promise.resolve();
    /** one call after another, also of those that are made at once */
    const call = <T>(name: string, key: string, made: () => Promise<T>): Promise<T> => {
      const mine = before.then(async () => {
        if (this.abandoned) throw new Abandoned();
        if (!this.matters(name, key)) return made();
        await new Promise<void>((go) => this.#arrived({ call: `${name} ${key}`, go: () => (this.#expect(), go()) }));
        if (this.abandoned) throw new Abandoned();
        const answer = await made();
        this.told.push(`${name} ${key}: ${JSON.stringify(answer)}`);
        return answer;
      });
      before = mine.catch(() => undefined);
      return mine;
    };
    const keysOf = async (prefix: string): Promise<string[]> => {
      const keys: string[] = [];
      for await (const key of store.list(prefix)) keys.push(key);
      return keys;
    };
    return {
      url: store.url,
      put: (key, source) => call('put', key, () => store.put(key, source)),
      putIfAbsent: (key, source) => call('put', key, () => store.putIfAbsent(key, source)),
      get: async (key) => Readable.from([await call('get', key, () => store.read(key))]),
      read: (key) => call('get', key, () => store.read(key)),
      stat: (key) => call('stat', key, () => store.stat(key)),
      list: async function* (prefix) {
        yield* await call('list', prefix, () => keysOf(prefix));
      },
      delete: (key) => call('delete', key, () => store.delete(key)),
      move: (from, to) => call('move', from, () => store.move(from, to)),
    };
  }
}

export interface World {
  readonly store: MemoryStore;
  /** of each what it does; the collector says at which call it waits for the writer */
  readonly writer: (view: ObjectStore) => Promise<void>;
  readonly collector: (view: ObjectStore, untilWriterMoved: () => Promise<void>) => Promise<void>;
  readonly matters: Readonly<Record<Actor, (call: string, key: string) => boolean>>;
  /** what is wrong when both are over */
  lost(): string | undefined;
}

export interface Explored {
  /** orders in all, and those of them that lose */
  readonly orders: number;
  readonly losing: number;
  /** states that were visited */
  readonly states: number;
  /** one that loses */
  readonly example?: string;
}

/**
 * @param fresh the same world each time
 * @param most ends when so many orders were found to lose
 */
export async function everyOrder(fresh: () => Promise<World>, most = Infinity): Promise<Explored> {
  const known = new Map<string, { orders: number; losing: number }>();
  let example: string | undefined;

  const explore = async (prefix: readonly Actor[]): Promise<{ orders: number; losing: number }> => {
    const { state, choices, lost, calls, played } = await play(await fresh(), prefix);
    const before = known.get(state);
    if (before) return before;
    let found = { orders: 1, losing: lost === undefined ? 0 : 1 };
    if (choices.length > 0) {
      found = { orders: 0, losing: 0 };
      for (const actor of choices) {
        if (found.losing >= most) break;
        const { orders, losing } = await explore([...played, actor]);
        found = { orders: found.orders + orders, losing: found.losing + losing };
      }
    } else if (lost !== undefined) example ??= `${lost}: ${calls.join(', ')}`;
    known.set(state, found);
    return found;
  };
  const { orders, losing } = await explore([]);
  return { orders, losing, states: known.size, example };
}

/** Plays a world up to the end of a sequence of turns, and on as long as there is no choice. */
async function play(world: World, turns: readonly Actor[]) {
  const actors = { writer: new Turns(world.matters.writer), collector: new Turns(world.matters.collector) };
  let waits = false;
  let moved: () => void = () => undefined;
  const untilWriterMoved = () => {
    waits = true;
    return new Promise<void>((resolve) => (moved = resolve));
  };
  const crashed: unknown[] = [];
  const begin = (actor: Actor, work: Promise<void>) =>
    work
      .catch((error: unknown) => {
        if (!actors[actor].abandoned) crashed.push(error);
      })
      .finally(() => actors[actor].over());
  const done = [
    begin('writer', world.writer(actors.writer.view(world.store))),
    begin('collector', world.collector(actors.collector.view(world.store), untilWriterMoved)),
  ];
  const at: Record<Actor, Step> = { writer: await actors.writer.next, collector: await actors.collector.next };
  const calls: string[] = [];
  const made: Actor[] = [];
  const able = () =>
    (['writer', 'collector'] as const).filter((actor) => at[actor] !== 'over' && !(actor === 'collector' && waits));
  for (let played = 0; ; played++) {
    const can = able();
    const actor = played < turns.length ? turns[played] : can.length === 1 ? can[0] : undefined;
    if (actor === undefined) break;
    const step = at[actor];
    if (step === 'over') throw new Error(`${actor} is over`);
    calls.push(`${actor} ${step.call}`);
    made.push(actor);
    step.go();
    if (actor === 'writer') {
      at.writer = await actors.writer.next;
      if (waits) {
        waits = false;
        const next = actors.collector.next;
        moved();
        at.collector = await next;
      }
    } else {
      // either it comes to its next call, or it waits for the writer
      let arrived: Step | undefined;
      void actors.collector.next.then((step) => (arrived = step));
      while (!arrived && !waits) await new Promise((turn) => setImmediate(turn));
      at.collector = arrived ?? { call: 'wait', go: () => undefined };
    }
  }
  const choices = able();
  const held = [...world.store.objects].map(([key, bytes]) => `${key}=${bytes.toString('latin1')}@${world.store.modified.get(key)}`).sort(); // prettier-ignore
  const state = JSON.stringify([held, actors.writer.told, actors.collector.told, at.writer === 'over' ? '' : at.writer.call, at.collector === 'over' ? '' : at.collector.call, waits]).replaceAll(ID, 'id'); // prettier-ignore
  for (const actor of ['writer', 'collector'] as const) {
    actors[actor].abandoned = true;
    const step = at[actor];
    if (step !== 'over') step.go();
  }
  if (choices.length > 0) moved();
  await Promise.all(done);
  if (crashed.length > 0) throw crashed[0];
  return { state, choices, calls, played: made, lost: choices.length === 0 ? world.lost() : undefined };
}
