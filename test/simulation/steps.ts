/**
 * Steps: key, memo, lease, publishing and record as they are, in workers that are killed and stopped at any moment, over a store whose
 * requests and answers are lost now and then, under a server that starts what it hears nothing of again elsewhere.
 */
import { ContentStore } from '../../artifacts/store.js';
import type { ActivityDependencies, StepResult } from '../../activities/types.js';
import { runStep, type StepDefinition } from '../../activities/step.js';
import { hexOf } from '../../artifacts/keys.js';
import { stepKey } from '../../artifacts/step-record.js';
import { sha256 } from '../../common/canonical.js';
import { Disk } from './disk.js';
import { SimulatedStore } from './objects.js';
import { Process, Task, as, every, later, pause } from './processes.js';
import type { Deed, Played, Scenario, Schedule } from './schedule.js';
import type { Attempt } from './sdk/activity.js';
import { mount, writeFile } from './sdk/files.js';
import { Simulation, Violation, inside } from './simulation.js';
import { signer } from '../support/signer.js';

/** An activity that says nothing for so long is started again elsewhere. */
const HEARTBEAT_MS = 30_000;
/** A holder that counts up no more for so long is believed to be gone (activities/lease.ts). */
const STALE_MS = 12_000;
/** what a waiter may take beyond that: looks of half a second, some requests, a lost one tried again, another waiter that was faster */
const SLACK_MS = 8_000;
const COMPUTE_MS = 20_000;
const LIMIT_MS = 3 * 3600_000;

/** One attempt at an activity, in a worker. */
class Try extends Task implements Attempt {
  readonly control = new AbortController();
  readonly info: Attempt['info'];
  beat: number;
  /** since when it waits for a lease that does not change */
  waiting: number | undefined;
  /** when it got the lease */
  leased = Infinity;
  /** its lease was taken for one of somebody who is gone */
  lost = false;
  /** a request of it was lost: it may be about to fail, and then gives its lease back before */
  shaken = false;
  over = false;
  constructor(
    process: Process,
    readonly activity: Activity,
    readonly number: number,
    readonly began: number,
    readonly heartbeat: () => void,
  ) {
    super(process);
    this.beat = began;
    this.info = {
      attempt: number,
      activityId: String(activity.number),
      workflowNamespace: 'default',
      workflowExecution: { workflowId: `w-${activity.number}`, runId: 'r' },
    };
  }
}

interface Activity {
  readonly number: number;
  readonly key: number;
  attempts: number;
  /** the one that the server waits for */
  present: Try | undefined;
  canceled: number | undefined;
  closed: 'completed' | 'canceled' | 'failed' | undefined;
  result?: StepResult;
}

interface Key {
  /** attempts that computed it */
  readonly computed: Try[];
  /** when its record was first there */
  recorded: number;
  /** the lease's last change, and by whom */
  changed: number;
  holder: Try | undefined;
  nonce: string | undefined;
  /** how long it had not changed before, if its holder is the same */
  gap: number;
  digest?: string;
}

class World {
  readonly #store: SimulatedStore;
  readonly #content: ContentStore;
  readonly #workers: Process[];
  readonly #activities: Activity[] = [];
  readonly #keys: Key[];
  readonly #tries = new Set<Try>();
  #damaged = false;
  #calm = false;

  constructor(
    readonly simulation: Simulation,
    readonly schedule: Schedule,
  ) {
    const { sizes } = schedule;
    this.#store = new SimulatedStore(simulation);
    this.#content = new ContentStore(this.#store);
    this.#workers = Array.from({ length: sizes.workers }, (_, i) => new Process(`worker-${i}`));
    this.#keys = Array.from({ length: sizes.keys }, () => ({
      computed: [],
      recorded: Infinity,
      changed: -Infinity,
      holder: undefined,
      nonce: undefined,
      gap: 0,
    }));
    this.#store.changed = (how, key, by, bytes) => this.#changed(how, key, by as Try, bytes);
    this.#store.lost = (by) => ((by as Try).shaken = true);
    simulation.check = () => this.#check();
  }

  async play(): Promise<void> {
    const { simulation, schedule } = this;
    mount(new Disk());
    for (let i = 0; i < schedule.sizes.activities; i++)
      simulation.after(simulation.delay(20_000), () => this.#schedule(simulation.pick(this.#keys.length)));
    for (const deed of schedule.deeds) simulation.after(deed.at, () => this.#do(deed));
    const over = () =>
      this.#activities.length >= schedule.sizes.activities && this.#activities.every(({ closed }) => closed !== undefined);
    await simulation.run(LIMIT_MS, over);
    await this.#askAgain();
  }

  /** What was finished is found ever after: nobody computes it again. */
  async #askAgain(): Promise<void> {
    const { simulation } = this;
    this.#calm = true;
    this.#store.lossy = 0;
    for (const activity of [...this.#activities]) {
      if (activity.closed !== 'completed') continue;
      // what was damaged is mended by the first
      for (const turn of this.#damaged ? ['mended', 'found'] : ['found']) {
        const again = this.#schedule(activity.key);
        await simulation.run(simulation.now + LIMIT_MS, () => again.closed !== undefined);
        if (again.closed !== 'completed')
          throw new Violation(`a step that was finished is ${again.closed} when it is asked for again`);
        if (turn === 'found' && !again.result!.cached) throw new Violation('a step that was finished is computed again');
      }
    }
  }

  #do({ what, whom = 0, more = 0 }: Deed): void {
    const { simulation } = this;
    if (this.#calm) return;
    const worker = this.#workers[whom % this.#workers.length];
    switch (what) {
      case 'kill': {
        simulation.say(`${worker.name} is killed`);
        worker.alive = false;
        for (const one of this.#tries) if (one.process === worker) this.#tries.delete(one);
        const index = this.#workers.indexOf(worker);
        simulation.after(more, () => (this.#workers[index] = new Process(worker.name)));
        return;
      }
      case 'stop':
        simulation.say(`${worker.name} is stopped for ${more} ms`);
        worker.stoppedUntil = Math.max(worker.stoppedUntil, simulation.now + more);
        return;
      case 'cancel': {
        const activity = this.#activities[whom % Math.max(1, this.#activities.length)];
        if (!activity || activity.closed) return;
        simulation.say(`activity ${activity.number} is asked to end`);
        activity.canceled ??= simulation.now;
        // between two attempts there is nobody to ask
        if (!activity.present) this.#close(activity, 'canceled');
        return;
      }
      case 'damage': {
        const blobs = [...this.#store.objects.keys()].filter((key) => !/leases\/|^writers\//.test(key));
        if (blobs.length === 0) return;
        const key = blobs[(more + whom) % blobs.length];
        simulation.say(`${key} is damaged`);
        this.#damaged = true;
        this.#store.objects.set(key, Buffer.from('x'));
        return;
      }
      default:
        throw new Error(`internal: ${what}`);
    }
  }

  // ---- the server

  #schedule(key: number): Activity {
    const activity: Activity = {
      number: this.#activities.length,
      key,
      attempts: 0,
      present: undefined,
      canceled: undefined,
      closed: undefined,
    };
    this.#activities.push(activity);
    this.#dispatch(activity);
    return activity;
  }

  #dispatch(activity: Activity): void {
    const { simulation } = this;
    simulation.after(simulation.delay(1_000), () => {
      if (activity.closed) return;
      const living = this.#workers.filter(({ alive, stoppedUntil }) => alive && stoppedUntil <= simulation.now);
      if (living.length === 0) return this.#dispatch(activity);
      const process = living[simulation.pick(living.length)];
      const attempt: Try = new Try(process, activity, ++activity.attempts, simulation.now, () => this.#heartbeat(attempt));
      activity.present = attempt;
      this.#tries.add(attempt);
      simulation.say(`activity ${activity.number}, attempt ${attempt.number}, begins step ${activity.key} on ${process.name}`);
      this.#watch(attempt);
      as(attempt, () => void this.#attempt(attempt));
    });
  }

  /** Beats travel, and what the server says to them as well. */
  #heartbeat(attempt: Try): void {
    const { simulation } = this;
    simulation.after(simulation.delay(300), () => {
      const { activity } = attempt;
      if (activity.present === attempt) attempt.beat = simulation.now;
      if (activity.present === attempt && activity.canceled === undefined) return;
      later(simulation.delay(300), () => attempt.control.abort(new Error('CANCELLED')), attempt);
    });
  }

  #watch(attempt: Try): void {
    const { activity, beat } = attempt;
    this.simulation.after(beat + HEARTBEAT_MS - this.simulation.now, () => {
      if (activity.present !== attempt) return;
      if (attempt.beat > beat) return this.#watch(attempt);
      this.simulation.say(`activity ${activity.number}, attempt ${attempt.number}, is taken for dead`);
      activity.present = undefined;
      if (activity.canceled !== undefined) this.#close(activity, 'canceled');
      else this.#dispatch(activity);
    });
  }

  #close(activity: Activity, how: NonNullable<Activity['closed']>): void {
    this.simulation.say(`activity ${activity.number} is ${how}${activity.result?.cached ? ': it was remembered' : ''}`);
    activity.closed = how;
    activity.present = undefined;
  }

  async #attempt(attempt: Try): Promise<void> {
    const { simulation } = this;
    const { activity } = attempt;
    let end: () => void;
    try {
      const result = await runStep(this.#deps(), definitionOf(activity.key), (context) => this.#compute(attempt, context));
      end = () => {
        const key = this.#keys[activity.key];
        const own = key.computed.some((other) => other.activity === activity);
        if (!result.cached && key.recorded < attempt.began && !own && !this.#damaged)
          simulation.violated(`step ${activity.key} is computed by an attempt that began when it was finished`);
        const { digest } = result.outputs.truth;
        key.digest ??= digest;
        if (key.digest !== digest) simulation.violated(`step ${activity.key} has two results`);
        activity.result = result;
        this.#close(activity, 'completed');
      };
    } catch (error) {
      end = () => {
        const final = (error as { nonRetryable?: boolean }).nonRetryable === true;
        simulation.say(`activity ${activity.number}, attempt ${attempt.number}: ${(error as Error).message}`);
        if (activity.canceled !== undefined) this.#close(activity, 'canceled');
        // its run goes over everything once more
        else if (final && this.#damaged) this.#close(activity, 'failed');
        else if (final) simulation.violated(`step ${activity.key} fails for good: ${(error as Error).message}`);
        else {
          activity.present = undefined;
          simulation.after(1_000 * 2 ** Math.min(4, attempt.number), () => this.#dispatch(activity));
        }
      };
    }
    attempt.over = true;
    this.#tries.delete(attempt);
    // what it came to may be lost on its way: then it is started again
    if (!this.#calm && !simulation.calm && simulation.chance() < 0.03) return;
    simulation.after(simulation.delay(300), () => {
      if (activity.present === attempt) end();
    });
  }

  // ---- the step

  #deps(): ActivityDependencies {
    const content = this.#content;
    return {
      openStore: () => content,
      runJob: () => Promise.reject(new Error('no engine')),
      livingEngines: () => Promise.resolve([]),
      engineFingerprint: () => 'engine',
      device: 'cpu',
      code: { version: '0', digest: CODE },
      signer,
      scratch: '/scratch',
    };
  }

  async #compute(attempt: Try, context: Parameters<Parameters<typeof runStep>[2]>[0]): ReturnType<Parameters<typeof runStep>[2]> {
    const { simulation } = this;
    const { activity } = attempt;
    const key = this.#keys[activity.key];
    simulation.say(`activity ${activity.number}, attempt ${attempt.number}, computes step ${activity.key}`);
    this.#mayCompute(attempt, key);
    key.computed.push(attempt);
    for (let left = simulation.delay(COMPUTE_MS); left > 0; left -= 2_000) {
      await pause(Math.min(left, 2_000));
      attempt.control.signal.throwIfAborted();
    }
    const folder = await context.folder('truth');
    await writeFile(`${folder}/truth.json`, JSON.stringify({ key: activity.key }));
    return { outputs: { truth: { kind: 'truth', folder } }, report: { key: activity.key } };
  }

  // ---- what must hold at any moment

  /** Nothing is computed twice but what was under way when its worker died, or was taken for dead. */
  #mayCompute(attempt: Try, key: Key): void {
    const { simulation } = this;
    // it was under way when its own lease was taken for stale, and goes on
    if (this.#damaged || attempt.lost) return;
    if (key.recorded < attempt.leased)
      simulation.violated(`step ${attempt.activity.key} is computed again, though it is finished`);
    for (const other of key.computed) {
      if (other.over || !other.process.alive || !this.#tries.has(other)) continue;
      // a later attempt of the same activity succeeds an earlier one at once
      if (other.activity === attempt.activity) continue;
      const ends = other.shaken || other.control.signal.aborted;
      if (!other.lost && !ends)
        simulation.violated(`step ${attempt.activity.key} is computed twice: nobody had reason to believe that ${other.process.name} was gone`); // prettier-ignore
    }
  }

  #changed(how: 'written' | 'refused' | 'deleted', object: string, by: Try, bytes?: Buffer): void {
    const { simulation } = this;
    const found = /^names\/(leases|steps)\/([0-9a-f]{64})\.json$/.exec(object);
    if (!found) return;
    const key = this.#keys[numberOf(found[2])];
    if (found[1] === 'steps') {
      if (how === 'written') key.recorded = Math.min(key.recorded, simulation.now);
      return;
    }
    if (how === 'refused') {
      by.waiting ??= simulation.now;
      return;
    }
    const { holder, nonce, changed } = key;
    key.gap = bytes && key.nonce === nonceIn(bytes) ? simulation.now - changed : 0;
    key.changed = simulation.now;
    if (how === 'deleted') {
      // of another's, that was written while the answer to the look at it was under way
      if (holder !== by && holder) holder.lost = true;
      key.holder = key.nonce = undefined;
      return;
    }
    key.nonce = nonceIn(bytes!);
    key.holder = by;
    if (key.nonce === nonce) return;
    by.waiting = undefined;
    by.leased = simulation.now;
    simulation.say(`activity ${by.activity.number}, attempt ${by.number}, has the lease of step ${by.activity.key}`);
    if (!holder || holder === by) return;
    const gap = simulation.now - changed;
    // it was looked at before it counted up again, or by one who was stopped himself between look and deed
    const late = (gap < 1_000 && key.gap >= STALE_MS) || by.process.stoppedUntil > simulation.now - 2 * STALE_MS;
    holder.lost ||= gap >= STALE_MS || late || holder.activity === by.activity;
  }

  /** Nobody waits for one who is gone. */
  #check(): void {
    const { now } = this.simulation;
    for (const attempt of this.#tries) {
      if (attempt.waiting === undefined || attempt.over) continue;
      const since = Math.max(attempt.waiting, this.#keys[attempt.activity.key].changed, attempt.process.stoppedUntil);
      if (now - since > STALE_MS + SLACK_MS)
        throw new Violation(`activity ${attempt.activity.number} waits for the lease of step ${attempt.activity.key}, which nobody has renewed for ${Math.round((now - since) / 1000)} s`); // prettier-ignore
    }
  }
}

const CODE = sha256('code');
const nonceIn = (lease: Buffer) => (JSON.parse(lease.toString()) as { nonce: string }).nonce;

const numbers = new Map<string, number>();
function numberOf(hex: string): number {
  for (let key = 0; !numbers.has(hex); key++) {
    const { step, version, place, parameters } = definitionOf(key);
    const { seed, generation, member } = place;
    numbers.set(
      hexOf(stepKey({ step, version, parameters, inputs: {}, seed, generation, member, engineFingerprint: 'none' })),
      key,
    );
  }
  return numbers.get(hex)!;
}

function definitionOf(key: number): StepDefinition {
  const place = { store: 's', seed: key, generation: 0, member: '', checkpointSeconds: 60 };
  return { step: 'sample', version: 1, place, inputs: {}, parameters: { key }, engine: false };
}

const DEEDS = ['kill', 'kill', 'kill', 'stop', 'stop', 'cancel', 'damage'];

export const steps: Scenario = {
  name: 'steps',
  least: { workers: 1, keys: 1, activities: 1 },
  schedule(seed) {
    const dice = new Simulation(seed);
    for (let i = 0; i < 8; i++) dice.chance();
    const sizes = { workers: 1 + dice.pick(3), keys: 1 + dice.pick(2), activities: 1 + dice.pick(4) };
    const deeds = Array.from({ length: dice.pick(5) }, (): Deed => {
      const what = DEEDS[dice.pick(DEEDS.length)];
      return { at: dice.pick(60_000), what, whom: dice.pick(4), more: dice.pick(40_000) };
    });
    return { seed, sizes, deeds };
  },
  async play(schedule, options): Promise<Played> {
    const simulation = new Simulation(schedule.seed, { ...options, calm: schedule.calm });
    let failure: Error | undefined;
    const real = { setInterval: globalThis.setInterval, clearInterval: globalThis.clearInterval };
    const simulated = { setInterval: every, clearInterval: (timer?: ReturnType<typeof every>) => timer?.stop() };
    await inside(simulation, async () => {
      Object.assign(globalThis, simulated);
      await new World(simulation, schedule).play().catch((error: unknown) => (failure = error as Error));
    }).finally(() => Object.assign(globalThis, real));
    return { events: simulation.events, trace: simulation.trace ?? [], failure };
  },
};
