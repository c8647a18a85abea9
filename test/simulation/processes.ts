/** Processes that can be killed and stopped at any moment, and the work in them: whatever a task waits for comes to it as one event. */
import { here } from './simulation.js';

export class Process {
  alive = true;
  /** the system gives it no time before */
  stoppedUntil = 0;
  constructor(readonly name: string) {}
}

export class Task {
  constructor(readonly process: Process) {}
}

let current: Task;
/** Whose code runs now. */
export const task = <T extends Task = Task>(): T => current as T;

/** Lets a task do something now. */
export function as<T>(one: Task, act: () => T): T {
  current = one;
  return act();
}

/** Something that comes to a task after a while, if its process lives; later, where that is stopped. */
export function later(ms: number, act: () => unknown, of: Task = current): { cancel(): void } {
  const simulation = here();
  let event: { cancel(): void };
  const come = (): unknown => {
    const { alive, stoppedUntil } = of.process;
    if (!alive) return undefined;
    if (stoppedUntil > simulation.now) {
      event = simulation.after(stoppedUntil - simulation.now, come);
      return undefined;
    }
    return as(of, act);
  };
  event = simulation.after(ms, come);
  return { cancel: () => event.cancel() };
}

/** The present task waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void later(ms, resolve));
}

interface Timer {
  stop(): void;
  unref(): Timer;
}

/** Stands in for the platform's setInterval; a process that was stopped finds one beat waiting, not all that it missed. */
export function every(act: () => void, ms: number): Timer {
  const of = current;
  let event: { cancel(): void };
  const again = () => {
    event = later(
      ms,
      () => {
        again();
        act();
      },
      of,
    );
  };
  again();
  const timer: Timer = {
    stop: () => event.cancel(),
    unref: () => timer,
  };
  return timer;
}
