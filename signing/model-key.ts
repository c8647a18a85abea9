/**
 * The key that signs models for others' tools: ECDSA over P-256, since OpenSSF Model Signing takes no Ed25519. It says that files are the
 * ones that were exported here, and nothing about how they came about: that is what statements say, with another key.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { pemOf } from './envelope.js';

/** In the folder of keys. */
export const MODEL_KEY_FILE = 'model-signing.pem';

export interface ModelKey {
  /** SubjectPublicKeyInfo in PEM, with its last line's end */
  readonly publicKey: string;
  /** An ECDSA signature over SHA-256, in DER. Two of the same message differ: each draws a number of its own. */
  sign(message: Buffer): Buffer;
}

/**
 * The key of a file, made where there is none: of several who ask at the same time all get the same.
 * @throws 'invalid' where others than the owner can read it, 'verification' where it is no ECDSA key over P-256
 */
export function openModelKey(file: string): ModelKey {
  try {
    return readModelKey(file);
  } catch (error) {
    if (!isHabsburgError(error) || error.kind !== 'notFound') throw error;
  }
  return doing(`making ${file}`, () => {
    makeFolder(dirname(file), 0o700);
    const mine = `${file}.${process.pid}`;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    rmSync(mine, { force: true });
    writeFileSync(mine, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx', flush: true });
    try {
      linkSync(mine, file);
    } catch (error) {
      // somebody was faster
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    return readModelKey(file);
  });
}

/**
 * A private key's file. What is wrong with it is said without its bytes.
 * @throws 'notFound'; 'invalid' where others can read it; 'verification' where it is no ECDSA key over P-256
 */
export function readModelKey(file: string): ModelKey {
  const pem = doing(`reading the key for models ${file}`, () => {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new HabsburgError('invalid', `${file} can be read by others than its owner; run chmod 600 on it, or make a new key`);
    return readFileSync(file, 'utf8');
  });
  const key = parsed(pem);
  if (key?.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new HabsburgError(
      'verification',
      `${file} holds no ECDSA private key over P-256 in PEM (PKCS#8, no passphrase); openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 makes one`,
    );
  return {
    publicKey: pemOf(createPublicKey(key)),
    sign: (message) => sign('sha256', message, key),
  };
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined; // what OpenSSL says of it might repeat some of it
  }
}

function doing<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromSystemError(error, what);
  }
}
