/** What commands print: data to stdout, as text or in one JSON envelope; notes and progress to stderr, unless --quiet. */
import { withoutCredentials } from '../common/credentials.js';
import { ExitCode, fromSystemError } from '../common/errors.js';
import type { HabsburgError } from '../common/errors.js';

/**
 * Prints one JSON object on a line of its own: `{"schema": "habsburg.<name>/v1", …fields}`. The number is raised when a field changes
 * its meaning or goes; fields may be added at any time.
 */
export function printJson(name: string, fields: object): void {
  process.stdout.write(`${JSON.stringify(envelope(name, fields))}\n`);
}

export function envelope(name: string, fields: object): object {
  return { schema: `habsburg.${name}/v1`, ...fields };
}

/** An error as JSON: what it is, the exit code that goes with it, the sentence. */
export function envelopeOfError({ kind, exitCode, message, details }: HabsburgError): { error: object } {
  return { error: { kind, exitCode, message: withoutCredentials(message), ...details } };
}

const told = new WeakSet<Error>();

/** Says that an error is part of the JSON that was printed already: one object a command. */
export function markTold(error: Error): void {
  told.add(error);
}

export const wasTold = (error: unknown): boolean => error instanceof Error && told.has(error);

/** A line to stderr, where --quiet does not forbid it. */
export function notes(quiet: boolean | undefined): (text: string) => void {
  return quiet ? () => undefined : (text) => void process.stderr.write(`${text}\n`);
}

/** A line of progress at most so often. */
const EVERY_MS = 2_000;

/** Says something now and then. */
export function nowAndThen(quiet: boolean | undefined): (text: () => string) => void {
  const note = notes(quiet);
  let last = Date.now();
  return (text) => {
    if (Date.now() - last < EVERY_MS) return;
    last = Date.now();
    note(text());
  };
}

/**
 * What becomes of a stream that cannot be written. A reader of stdout that has seen enough (`| head`) is no error; a full disk is one,
 * in a sentence. Progress that nobody can read (a terminal that is gone) stops nothing.
 */
export function guardStreams(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.ok);
    const { message, exitCode } = fromSystemError(error, 'writing the output');
    process.stderr.write(`habsburg: ${message}\n`);
    process.exit(exitCode);
  });
}
