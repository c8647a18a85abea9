/**
 * Time, chance and order of a simulated world, all from one seed. One event happens at a time, and everything that follows from it in
 * this process has happened before the next: nothing in here waits for a real timer, file or socket, so a seed always tells one story.
 */
import { CounterRng } from '../../common/philox.js';

/** What must never be seen. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly act: () => unknown;
  off: boolean;
}

/** Resolves once no promise callback is left that can run. */
export const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export class Simulation {
  /** milliseconds since the beginning */
  now = 0;
  /** what happened, in words; absent: nobody will read it */
  readonly trace: string[] | undefined;
  /** looked at after every event; throws a Violation */
  check: () => void = () => undefined;
  events = 0;
  #violation: Error | undefined;
  #order = 0;
  #draws = 0;
  readonly #rng: CounterRng;
  /** a binary heap, earliest first */
  readonly #heap: Event[] = [];

  /** @param calm every delay is the middle one: what is left of a failure then does not depend on delays */
  constructor(
    readonly seed: number,
    options: { readonly trace?: boolean; readonly calm?: boolean } = {},
  ) {
    this.#rng = new CounterRng({ seed, generation: 0, member: '', step: 'simulation' });
    this.trace = options.trace ? [] : undefined;
    this.calm = options.calm ?? false;
  }
  readonly calm: boolean;

  /** Uniform in [0, 1). */
  chance(): number {
    return this.#rng.uniform(this.#draws++);
  }
  /** Uniform in 0 … n-1. */
  pick(n: number): number {
    return Math.floor(this.chance() * n);
  }
  /** A delay of at most so many ms: mostly short, sometimes long, as networks are. */
  delay(most: number): number {
    const u = this.chance();
    return this.calm ? most / 4 : Math.ceil(most * u * u);
  }

  say(what: string): void {
    this.trace?.push(`${(this.now / 1000).toFixed(3).padStart(9)}  ${what}`);
  }
  /** From within an event, also where what it throws would be caught. */
  violated(what: string): void {
    this.#violation ??= new Violation(what);
  }

  after(ms: number, act: () => unknown): { cancel(): void } {
    const event: Event = { at: this.now + ms, order: this.#order++, act, off: false };
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    for (let up = (i - 1) >> 1; i > 0 && earlier(event, heap[up]); i = up, up = (i - 1) >> 1) heap[i] = heap[up];
    heap[i] = event;
    return { cancel: () => void (event.off = true) };
  }

  #next(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let i = 0;
    for (let down = 1; down < heap.length; down = 2 * i + 1) {
      if (down + 1 < heap.length && earlier(heap[down + 1], heap[down])) down++;
      if (!earlier(heap[down], last)) break;
      heap[i] = heap[down];
      i = down;
    }
    heap[i] = last;
    return first;
  }

  /**
   * Lets everything happen, until nothing is left to.
   * @param over ends it before: what is left are timers of those who wait for nothing any more
   * @param limit milliseconds: what has not ended by then never does
   */
  async run(limit: number, over: () => boolean = () => false): Promise<void> {
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      if (event.off) continue;
      if (event.at > limit) throw new Violation(`it has not ended after ${Math.round(limit / 1000)} s`);
      this.now = event.at;
      this.events++;
      await event.act();
      await settled();
      if (this.#violation) throw this.#violation;
      this.check();
      if (over()) return;
    }
  }
}

function earlier(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** The simulation that is under way: modules that stand in for the platform's belong to whichever it is. */
let present: Simulation | undefined;
export const here = (): Simulation => present!;

const RealDate = globalThis.Date;
/** Clocks say the simulation's time. */
class SimulatedDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    super(...((args.length === 0 ? [SimulatedDate.now()] : args) as [number]));
  }
  static override now(): number {
    return present ? EPOCH + present.now : RealDate.now();
  }
}
const EPOCH = RealDate.UTC(2030, 0, 1);

/** Does work in the world of a simulation. */
export async function inside<T>(simulation: Simulation, work: () => Promise<T>): Promise<T> {
  present = simulation;
  globalThis.Date = SimulatedDate as DateConstructor;
  try {
    return await work();
  } finally {
    globalThis.Date = RealDate;
    present = undefined;
  }
}
