/** Ctrl-C and SIGTERM as an abort signal: the first asks for an orderly end, the second leaves at once. */
import { ExitCode, HabsburgError } from '../common/errors.js';

/** Says that the user asked to stop; the command line exits with 130 or 143. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}

export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    const code = name === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
    if (controller.signal.aborted) process.exit(code);
    controller.abort(new Interrupted(code));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    // whatever failed because of the abort (a sleep, a fetch) failed because of the user
    if (controller.signal.aborted && !(error instanceof HabsburgError)) throw controller.signal.reason;
    throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
