/**
 * A store that is a folder: its code as it is, over a disk whose system calls several tasks of several processes make in any order, while
 * folders come and go beside them and processes are killed between two calls.
 */
import { FileObjectStore } from '../../artifacts/object-store-file.js';
import { isHabsburgError } from '../../common/errors.js';
import { Disk } from './disk.js';
import { Process, Task, as, pause } from './processes.js';
import type { Deed, Played, Scenario, Schedule } from './schedule.js';
import { mount } from './sdk/files.js';
import { Simulation, Violation, inside } from './simulation.js';

const ROOT = '/store';
const LIMIT_MS = 60_000;
/** the longest that a system call takes, in ms */
const CALL_MS = 4;

/** What somebody did to a key, and until when. */
interface Done {
  readonly what: string;
  readonly key: string;
  readonly value: string;
  readonly by: Process;
  to: number;
  wrote?: boolean;
}

class World {
  readonly #disk: Disk;
  readonly #processes = [new Process('a'), new Process('b')];
  readonly #stores = this.#processes.map(() => new FileObjectStore(ROOT));
  readonly #done: Done[] = [];

  constructor(
    readonly simulation: Simulation,
    readonly schedule: Schedule,
  ) {
    this.#disk = new Disk(() => pause(simulation.delay(CALL_MS)));
  }

  async play(): Promise<void> {
    mount(this.#disk);
    for (const deed of this.schedule.deeds) this.simulation.after(deed.at, () => this.#do(deed));
    await this.simulation.run(LIMIT_MS);
    this.#checkEnd();
  }

  #do({ what, whom = 0, more = 0 }: Deed): void {
    const number = whom % this.#processes.length;
    const process = this.#processes[number];
    if (what === 'kill') {
      this.simulation.say(`${process.name} is killed`);
      process.alive = false;
      return;
    }
    if (what === 'sweep') {
      // somebody who tidies up takes away what is empty
      for (let folder = `${ROOT}/names/leases`; folder !== '/'; folder = folder.slice(0, folder.lastIndexOf('/')) || '/')
        if (this.#disk.isFolder(folder) && this.#disk.children(folder).length === 0) {
          this.simulation.say(`${folder} is taken away`);
          this.#disk.removeOne(folder);
        }
      return;
    }
    if (!process.alive) return;
    const key = `names/leases/${more}.json`;
    const value = `${what} ${this.#done.length} ${'.'.repeat(more * 100)}`;
    const done: Done = { what, key, value, by: process, to: Infinity };
    this.#done.push(done);
    const task = new Task(process);
    void as(task, () => this.#work(this.#stores[number], done, process));
  }

  async #work(store: FileObjectStore, done: Done, process: Process): Promise<void> {
    const { simulation } = this;
    const { what, key, value } = done;
    const bytes = Buffer.from(value);
    simulation.say(`${process.name}: ${what} ${key}`);
    try {
      if (what === 'put') await store.put(key, { bytes });
      if (what === 'put if absent' || what === 'take and give back') done.wrote = await store.putIfAbsent(key, { bytes });
      if (what === 'delete' || what === 'take and give back') await store.delete(key);
      if (what === 'read') this.#checkRead(key, (await store.read(key, 1e6)).toString());
      if (what === 'list') for await (const found of store.list('names/')) this.#checkKey(found);
    } catch (error) {
      if (!(what === 'read' && isHabsburgError(error) && error.kind === 'notFound'))
        simulation.violated(`${what} failed: ${(error as Error).message}`);
    }
    done.to = simulation.now;
    simulation.say(`${process.name}: ${what} ${key} is done${done.wrote === undefined ? '' : `: ${done.wrote}`}`);
  }

  #checkRead(key: string, found: string): void {
    if (!this.#done.some((one) => one.key === key && one.value === found))
      this.simulation.violated(`${key} holds ${JSON.stringify(found.slice(0, 40))}, which nobody wrote`);
  }
  #checkKey(found: string): void {
    if (!this.#done.some(({ key }) => key === found)) this.simulation.violated(`${found} is listed, and nobody wrote it`);
  }

  #checkEnd(): void {
    for (const one of this.#done) if (one.to === Infinity && one.by.alive) throw new Violation(`${one.what} never ended`);
    for (const key of new Set(this.#done.map((one) => one.key))) {
      const own = this.#done.filter((one) => one.key === key);
      const deletes = own.some(({ what }) => what === 'delete' || what === 'take and give back');
      const writes = own.filter(({ what }) => what === 'put' || what === 'put if absent');
      if (deletes || writes.length === 0) continue;
      const there = this.#disk.has(`${ROOT}/${key}`);
      if (!there && writes.some(({ to }) => to < Infinity)) throw new Violation(`${key} was written, and is not there`);
      const first = writes.filter(({ wrote }) => wrote).length;
      if (first > 1) throw new Violation(`${key} was absent to ${first} who wrote it if it was absent`);
      if (there) this.#checkRead(key, this.#disk.read(`${ROOT}/${key}`).toString());
    }
  }
}

const DEEDS = ['put', 'put if absent', 'put if absent', 'take and give back', 'take and give back', 'take and give back', 'delete', 'read', 'list', 'sweep', 'sweep', 'kill']; // prettier-ignore

export const folders: Scenario = {
  name: 'folders',
  least: {},
  schedule(seed) {
    const dice = new Simulation(seed);
    const span = [5, 30, 100][dice.pick(3)];
    const deeds = Array.from({ length: 2 + dice.pick(14) }, (): Deed => {
      let what = DEEDS[dice.pick(DEEDS.length)];
      if (what === 'kill' && dice.pick(3) > 0) what = 'put';
      return { at: dice.pick(span), what, whom: dice.pick(2), more: dice.pick(3) };
    });
    return { seed, sizes: {}, deeds };
  },
  async play(schedule, options): Promise<Played> {
    const simulation = new Simulation(schedule.seed, { ...options, calm: schedule.calm });
    let failure: Error | undefined;
    await inside(simulation, () =>
      new World(simulation, schedule).play().catch((error: unknown) => void (failure = error as Error)),
    );
    return { events: simulation.events, trace: simulation.trace ?? [], failure };
  },
};
