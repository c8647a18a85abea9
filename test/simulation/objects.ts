/** An object store at the other end of a network: requests and answers take a while, and some of either are lost. */
import type { ObjectSource, ObjectStat, ObjectStore } from '../../artifacts/types.js';
import { HabsburgError } from '../../common/errors.js';
import { later, task, type Task } from './processes.js';
import { mounted } from './sdk/files.js';
import type { Simulation } from './simulation.js';

const REQUEST_MS = 150;

export class SimulatedStore implements ObjectStore {
  readonly url = 's3://simulated';
  readonly objects = new Map<string, Buffer>();
  readonly #modified = new Map<string, number>();
  /** share of requests, and of answers, that are lost */
  lossy = 0.004;
  /** told of what is written and taken away, once it is, and by whom; of what was not absent, too */
  changed: (how: 'written' | 'refused' | 'deleted', key: string, by: Task, bytes?: Buffer) => void = () => undefined;

  /** told of who hears no good answer */
  lost: (by: Task) => void = () => undefined;

  constructor(readonly simulation: Simulation) {}

  /** What is asked for is done whether or not who asked lives to hear of it. */
  #ask<T>(what: string, act: () => T): Promise<T> {
    const { simulation } = this;
    const lost = () => simulation.chance() < this.lossy && !simulation.calm;
    return new Promise((resolve, reject) => {
      const by = task();
      const fail = (where: string) => () => {
        this.lost(by);
        reject(new HabsburgError('unreachable', `${what}: the ${where} was lost`, { details: { askedEnough: true } }));
      };
      let answer!: T;
      let error: unknown;
      const [forth, back] = [lost(), lost()];
      const there = simulation.delay(REQUEST_MS);
      if (!forth)
        simulation.after(there, () => {
          try {
            answer = act();
          } catch (thrown) {
            error = thrown;
          }
        });
      later(there + simulation.delay(REQUEST_MS), forth ? fail('request') : back ? fail('answer') : () => (error === undefined ? resolve(answer) : reject(error as Error))); // prettier-ignore
    });
  }

  #bytes(source: ObjectSource): Buffer {
    return 'file' in source ? mounted().read(source.file) : Buffer.from(source.bytes);
  }
  #put(key: string, bytes: Buffer, by: Task): void {
    this.objects.set(key, bytes);
    this.#modified.set(key, this.simulation.now);
    this.changed('written', key, by, bytes);
  }

  put(key: string, source: ObjectSource): Promise<void> {
    const [bytes, by] = [this.#bytes(source), task()];
    return this.#ask(`writing ${key}`, () => this.#put(key, bytes, by));
  }
  putIfAbsent(key: string, source: ObjectSource): Promise<boolean> {
    const [bytes, by] = [this.#bytes(source), task()];
    return this.#ask(`writing ${key}`, () => {
      if (this.objects.has(key)) {
        this.changed('refused', key, by);
        return false;
      }
      this.#put(key, bytes, by);
      return true;
    });
  }
  async get(key: string): Promise<NodeJS.ReadableStream> {
    const bytes = await this.read(key);
    // read as an async iterable and nothing else
    return (async function* () { yield bytes; })() as unknown as NodeJS.ReadableStream; // prettier-ignore
  }
  read(key: string): Promise<Buffer> {
    return this.#ask(`reading ${key}`, () => {
      const found = this.objects.get(key);
      if (!found) throw new HabsburgError('notFound', `${key} is not in the store`, { details: { askedEnough: true } });
      return found;
    });
  }
  stat(key: string): Promise<ObjectStat | undefined> {
    return this.#ask(`looking up ${key}`, () => {
      const found = this.objects.get(key);
      return found && { size: found.byteLength, modified: this.#modified.get(key) ?? 0 };
    });
  }
  async *list(prefix: string): AsyncIterable<string> {
    yield* await this.#ask(`listing ${prefix}`, () => [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort());
  }
  delete(key: string): Promise<void> {
    const by = task();
    return this.#ask(`deleting ${key}`, () => {
      if (this.objects.delete(key)) this.changed('deleted', key, by);
    });
  }
  move(from: string, to: string): Promise<boolean> {
    const by = task();
    return this.#ask(`moving ${from}`, () => {
      const found = this.objects.get(from);
      if (!found) return false;
      this.objects.delete(from);
      this.#put(to, found, by);
      return true;
    });
  }
}
