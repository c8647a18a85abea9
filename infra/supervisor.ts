/**
 * Keeps one process running: starts it again when it ends, more slowly when it keeps ending, and gives up when it cannot work. One that
 * was stopped and never continued will not end by itself: it is ended.
 */
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { daemonError, type Exit } from './daemon.js';
import { isStopped } from './process.mjs';

/** A started process; daemons and servers both are. */
export interface RunningProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(): Promise<unknown>;
}

export type SupervisorEvent =
  | { type: 'started'; name: string; pid: number; restarts: number }
  | { type: 'exited'; name: string; pid: number; exit: Exit }
  | { type: 'failed'; name: string; error: HabsburgError };

export interface SuperviseOptions {
  /** for events and messages, for example "cpu" */
  name: string;
  logFile: string;
  start(restarts: number): Promise<RunningProcess>;
  onEvent(event: SupervisorEvent): void;
  /** how often to look whether the process was stopped */
  lookMs?: number;
}

export interface Supervised {
  /** process id now; undefined between an end and the next start */
  readonly pid: number | undefined;
  /** resolves if the process fails by itself again and again, so that waiting for it makes no sense */
  readonly failed: Promise<HabsburgError>;
  stop(): Promise<void>;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** A process that ran this long was healthy: the next restart is quick again. */
const HEALTHY_MS = 10_000;
/** So many failures in a row, with an exit code of its own and not by a signal, and we give up. */
const MAX_FAILURES = 5;
const LOOK_MS = 3_000;
/** Found stopped so often in a row, it stays so; counted in looks, for we may have been stopped together with it. */
const STOPPED_LOOKS = 5;

/** Ends the process once it has been stopped for a while; returns what ends the watch. */
function endIfStopped(pid: number, lookMs: number): () => void {
  let looks = 0;
  const timer = setInterval(() => {
    looks = isStopped(pid) ? looks + 1 : 0;
    if (looks < STOPPED_LOOKS) return;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has just ended
    }
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Starts the process; a first start that fails is thrown. */
export async function supervise({ name, logFile, start, onEvent, lookMs = LOOK_MS }: SuperviseOptions): Promise<Supervised> {
  let current: RunningProcess | undefined = await start(0);
  onEvent({ type: 'started', name, pid: current.pid, restarts: 0 });
  let stopping = false;
  let wake = () => {};
  let giveUp!: (error: HabsburgError) => void;
  const failed = new Promise<HabsburgError>((resolve) => (giveUp = resolve));

  const loop = (async () => {
    let quickEnds = 0;
    let failures = 0;
    for (let restarts = 1; !stopping; restarts++) {
      let error: HabsburgError | undefined;
      if (current) {
        const startedAt = Date.now();
        const unwatch = endIfStopped(current.pid, lookMs);
        const exit = await current.exited.finally(unwatch);
        const { pid } = current;
        current = undefined;
        if (stopping) return;
        onEvent({ type: 'exited', name, pid, exit });
        if (Date.now() - startedAt > HEALTHY_MS) quickEnds = failures = 0;
        if (exit.signal === null && exit.code !== 0)
          error = daemonError(`${name} process`, logFile, exit, 'it was started again and again');
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(FIRST_DELAY_MS * 2 ** quickEnds++, LONGEST_DELAY_MS));
        wake = () => (clearTimeout(timer), resolve());
      });
      if (stopping) return;
      try {
        if (error && failures + 1 >= MAX_FAILURES) throw error;
        current = await start(restarts);
        failures = error ? failures + 1 : 0;
        if (!stopping) onEvent({ type: 'started', name, pid: current.pid, restarts });
      } catch (thrown) {
        if (++failures < MAX_FAILURES) continue;
        const reason = isHabsburgError(thrown)
          ? thrown
          : new HabsburgError('unreachable', `The ${name} cannot be started: ${String(thrown)}`);
        onEvent({ type: 'failed', name, error: reason });
        giveUp(reason);
        return;
      }
    }
  })();

  return {
    get pid() {
      return current?.pid;
    },
    failed,
    async stop() {
      stopping = true;
      wake();
      await current?.stop();
      await loop;
      // it may have been starting when we were told to stop
      await current?.stop();
    },
  };
}
