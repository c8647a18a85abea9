/** Ctrl-C, SIGTERM and a terminal that goes, as an abort signal: the first asks for an orderly end, the second leaves at once. */
import { ExitCode, HabsburgError } from '../common/errors.js';

/** Says that the user asked to stop; the command line exits with 129, 130 or 143. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}

const CODES = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.terminated, SIGHUP: ExitCode.hungUp } as const;
type Signal = keyof typeof CODES;

/**
 * Without a terminal there is nobody whose leaving would end us: SIGHUP is ignored, as `nohup` asks for. (Node sets the signal back to
 * its default when it starts, whatever its parent had set.)
 */
export function surviveHangup(): void {
  if (!hasTerminal() && process.listenerCount('SIGHUP', ignore) === 0) process.on('SIGHUP', ignore);
}

const ignore = (): void => undefined;
const hasTerminal = (): boolean => [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);

/** The signals that ask this process to stop. */
export const stopSignals = (): readonly Signal[] => (hasTerminal() ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']);

export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const signals = stopSignals();
  const onSignal = (name: NodeJS.Signals) => {
    const code = CODES[name as Signal];
    if (controller.signal.aborted) process.exit(code);
    controller.abort(new Interrupted(code));
  };
  for (const name of signals) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    // whatever failed because of the abort (a sleep, a fetch) failed because of the user
    if (controller.signal.aborted && !(error instanceof HabsburgError)) throw controller.signal.reason;
    throw error;
  } finally {
    for (const name of signals) process.off(name, onSignal);
  }
}
