/** The folder of an embedded server: its owner's alone, with a secret that whoever asks it for work must know. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { isAlive } from './process.mjs';

/** Bytes of the secret: a key of AES-256. */
const SECRET_BYTES = 32;

/** What we put into a home. A folder that holds anything else is somebody's for other things too, and keeps its mode. */
const OURS = /^(temporal\.db.*|dev\.json.*|dev\.lock|secret.*|keys|logs|scratch|store|reports)$/;

const secretFile = (home: string): string => join(home, 'secret');

/**
 * Makes the folder, or makes one that is there private: 0700, logs and files 0600, whatever the umask. Temporary files of
 * processes that were killed go.
 * @throws 'invalid' where the folder belongs to another user
 */
export function prepareHome(home: string): void {
  try {
    makeFolder(join(home, 'logs'), 0o700);
    if (process.platform === 'win32') return;
    const { uid } = statSync(home);
    const me = process.getuid!();
    if (uid !== me && me !== 0)
      throw new HabsburgError(
        'invalid',
        `${home} belongs to another user (${uid}): an embedded server works with its owner's rights; use a --home of your own`,
      );
    const names = readdirSync(home);
    if (names.every((name) => OURS.test(name))) chmodSync(home, 0o700);
    chmodSync(join(home, 'logs'), 0o700);
    for (const name of names) {
      const writer = /^(?:dev\.json|secret)\.(\d+)$/.exec(name)?.[1];
      if (writer !== undefined && !isAlive(Number(writer))) rmSync(join(home, name), { force: true });
      else if (/^(temporal\.db|dev\.json|secret)/.test(name)) makePrivate(join(home, name));
    }
    for (const name of readdirSync(join(home, 'logs'))) makePrivate(join(home, 'logs', name));
  } catch (error) {
    const { kind, message } = fromSystemError(error, `preparing the folder ${home}`);
    const other = isHabsburgError(error) || kind === 'resources' ? '' : '; name another with --home';
    throw new HabsburgError(kind, `${message}${other}`, { cause: error });
  }
}

/** Nobody else may read the file. One that is gone is fine: a server at work makes and removes its journal at any moment. */
export function makePrivate(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The secret of a home, made at the first call: written whole under a name of its own, then linked into place. */
export function makeSecret(home: string): Buffer {
  const file = secretFile(home);
  const mine = `${file}.${process.pid}`;
  try {
    if (!isSecret(readOrNothing(file))) {
      rmSync(file, { force: true }); // cut short by a full disk or a power cut: nothing can be read with it
      rmSync(mine, { force: true });
      const handle = openSync(mine, 'wx', 0o600);
      writeSync(handle, randomBytes(SECRET_BYTES));
      fsyncSync(handle);
      closeSync(handle);
      linkSync(mine, file);
      rmSync(mine);
    }
    return readFileSync(file);
  } catch (error) {
    throw fromSystemError(error, `making ${file}`);
  }
}

/**
 * The secret of a home whose server runs.
 * @throws 'notFound' where there is none, 'invalid' where it belongs to somebody else
 */
export function readSecret(home: string): Buffer {
  const file = secretFile(home);
  let secret: Buffer;
  try {
    secret = readFileSync(file);
  } catch (error) {
    throw fromSystemError(error, `reading the secret of the embedded server in ${home}`);
  }
  if (isSecret(secret)) return secret;
  throw new HabsburgError(
    'verification',
    `${file} is not a secret of ${SECRET_BYTES} bytes; stop the server of ${home}, remove the file and start again`,
  );
}

const isSecret = (bytes: Buffer | undefined): boolean => bytes?.length === SECRET_BYTES;

function readOrNothing(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
