/** The one error a user meets: a sentence, what it concerns, and an exit code. Rendered only at the CLI's edge. */

/** Process exit codes; documented in docs/cli.md. */
export const ExitCode = {
  ok: 0,
  /** a run failed, or a bug of ours */
  failed: 1,
  /** usage, configuration or input is invalid */
  invalid: 2,
  /** a digest, signature or format did not verify */
  verification: 3,
  /** a file, experiment, run or artifact does not exist */
  notFound: 4,
  /** a service (Temporal, S3, the Hub) cannot be reached or refuses us */
  unreachable: 5,
  /** disk or memory is exhausted */
  resources: 6,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorKind = 'failed' | 'invalid' | 'verification' | 'notFound' | 'unreachable' | 'resources';

/** Before a kind, the type of Temporal's failures; read back where they are told, for the exit code. */
export const FAILURE_PREFIX = 'habsburg.';

/** Kinds that a retry may cure; the others are final (Temporal must not retry them). */
export const TRANSIENT: ReadonlySet<ErrorKind> = new Set(['unreachable', 'resources']);

const BRAND = Symbol.for('habsburg.error');

export class HabsburgError extends Error {
  readonly [BRAND] = true;
  override readonly name = 'HabsburgError';

  /**
   * @param kind what sort of failure; decides the exit code and whether a retry makes sense
   * @param message one clear sentence: what is wrong, where (file, line), and what to do
   */
  constructor(
    readonly kind: ErrorKind,
    message: string,
    options?: { cause?: unknown; details?: Record<string, unknown> },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.details = options?.details;
  }
  readonly details?: Record<string, unknown>;

  get exitCode(): number {
    return ExitCode[this.kind];
  }
}

/** Realm-safe `instanceof` (Jest and Temporal's sandbox load classes twice). */
export function isHabsburgError(error: unknown): error is HabsburgError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
}

/** System errors of a path that is something else than what is meant: the caller's mistake, not ours. */
const WRONG_PATH: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of this path is a file, where a folder is needed',
  EISDIR: 'this is a folder, where a file is needed',
  EEXIST: 'something else lies there already',
  ENOTEMPTY: 'this folder is not empty',
  ELOOP: 'links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'this is no file that can be read',
  ERR_INVALID_ARG_VALUE: 'a path cannot hold a null byte',
  ERR_FS_FILE_TOO_LARGE: 'this file is too large to be read at once',
};

/** Turns a Node system error into one sentence with the right kind; passes HabsburgErrors through. */
export function fromSystemError(error: unknown, doing: string): HabsburgError {
  if (isHabsburgError(error)) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'ENOENT') {
    const { path } = error as NodeJS.ErrnoException;
    const more = path !== undefined && doing.includes(path) ? '; check the path' : ` (${text})`;
    return new HabsburgError('notFound', `${doing}: no such file or folder${more}`, { cause: error });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new HabsburgError(
      'resources',
      `${doing}: the disk is full (or a quota or file size limit is reached); free some space and run again, finished steps are kept`,
      { cause: error },
    );
  if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM')
    return new HabsburgError('resources', `${doing}: the system has no more files or memory to give (${text})`, { cause: error });
  if (Object.hasOwn(WRONG_PATH, code))
    return new HabsburgError('invalid', `${doing}: ${WRONG_PATH[code]} (${text})`, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new HabsburgError('invalid', `${doing}: permission denied (${text})`, { cause: error });
  if (['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE'].includes(code))
    return new HabsburgError('unreachable', `${doing}: cannot be reached (${text})`, { cause: error });
  return new HabsburgError('failed', `${doing}: ${text}`, { cause: error });
}
