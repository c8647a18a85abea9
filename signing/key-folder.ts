/**
 * The keys of a place that signs with keys of its own: a folder that is its owner's alone.
 *
 * `signing.pem` is the private key in use (PKCS#8), `<keyid>.json` what everybody may know of each key that was ever in use. A key that is
 * followed by another is destroyed: what it signed is checked with its public half, and nobody can sign with it any more.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { keyIdOf, pemOf } from './envelope.js';

const IN_USE = 'signing.pem';
const LISTED = /^([0-9a-f]{64})\.json$/;
const SCHEMA = 'habsburg.key/v1';

/** What everybody may know of a key. Times are the clock's of whoever holds it. */
export interface KeyFacts {
  readonly schema: typeof SCHEMA;
  readonly keyid: string;
  /** SubjectPublicKeyInfo in PEM */
  readonly publicKey: string;
  /** ISO 8601, UTC */
  readonly usableFrom: string;
  /** absent while the key is in use */
  readonly usableUntil?: string;
}

const shape = z.strictObject({
  schema: z.literal(SCHEMA),
  keyid: z.string(),
  publicKey: z.string(),
  usableFrom: z.iso.datetime(),
  usableUntil: z.iso.datetime().exactOptional(),
});

/**
 * The key in use, made where there is none: of several who ask at the same time all get the same.
 * @throws 'invalid' where others than the owner can read it, 'verification' where it is no Ed25519 key
 */
export function keyInUse(folder: string, now = new Date()): KeyObject {
  const file = join(folder, IN_USE);
  try {
    return readPrivateKey(file);
  } catch (error) {
    if (!isHabsburgError(error) || error.kind !== 'notFound') throw error;
  }
  return doing(`making ${file}`, () => {
    makeFolder(folder, 0o700);
    const { keyid, file: mine } = newKey(folder, now);
    try {
      linkSync(mine, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      rmSync(join(folder, `${keyid}.json`)); // somebody was faster, and this key signed nothing
    } finally {
      rmSync(mine, { force: true });
    }
    return readPrivateKey(file);
  });
}

/**
 * Another key in place of the one in use, whose private half is destroyed.
 * @throws 'notFound' where there is none in use
 */
export function rotate(folder: string, now = new Date()): { readonly before: KeyFacts; readonly after: KeyFacts } {
  const file = join(folder, IN_USE);
  const old = readPrivateKey(file);
  const known = listKeys(folder).find((one) => one.keyid === keyIdOf(old)) ?? factsOf(old, now);
  return doing(`changing ${file}`, () => {
    const next = newKey(folder, now);
    renameSync(next.file, file);
    // only now: a key that is in use must not be called past, whenever this process ends
    const before = { ...known, usableUntil: now.toISOString() };
    write(join(folder, `${before.keyid}.json`), factsText(before), 0o644);
    return { before, after: next.facts };
  });
}

/**
 * Facts of every key that was ever in use, the newest last.
 * @throws 'verification' where a file in the folder holds something else
 */
export function listKeys(folder: string): KeyFacts[] {
  return doing(`reading the keys in ${folder}`, () =>
    readdirSync(folder)
      .filter((name) => LISTED.test(name))
      .map((name) => parseKeyFacts(readFileSync(join(folder, name), 'utf8'), join(folder, name)))
      .sort((a, b) => (a.usableFrom < b.usableFrom ? -1 : a.usableFrom > b.usableFrom ? 1 : a.keyid < b.keyid ? -1 : 1)),
  );
}

/** @throws 'verification' where the text is something else than the facts of a key whose id is its own */
export function parseKeyFacts(text: string, where: string): KeyFacts {
  const wrong = (what: string) => new HabsburgError('verification', `${where} ${what}; it does not say which key this is`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is not JSON');
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw wrong(`is no ${SCHEMA} document: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`);
  }
  if (keyIdOf(readPublicKey(parsed.data.publicKey, where)) !== parsed.data.keyid) throw wrong('has the id of another key');
  return parsed.data;
}

/** @throws 'verification' where the text is no Ed25519 public key in PEM */
export function readPublicKey(pem: string, where: string): KeyObject {
  return ed25519(where, 'public', () => createPublicKey(pem));
}

/**
 * A private key's file. What is wrong with it is said without its bytes.
 * @throws 'notFound'; 'invalid' where others can read it; 'verification' where it is no Ed25519 key
 */
export function readPrivateKey(file: string): KeyObject {
  const pem = doing(`reading the signing key ${file}`, () => {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new HabsburgError('invalid', `${file} can be read by others than its owner; run chmod 600 on it, or make a new key`);
    return readFileSync(file, 'utf8');
  });
  return parsePrivateKey(pem, file);
}

/** @throws 'verification' where the text is no Ed25519 private key in PEM without a passphrase */
export function parsePrivateKey(pem: string, where: string): KeyObject {
  return ed25519(where, 'private', () => createPrivateKey(pem));
}

function ed25519(where: string, half: 'private' | 'public', parse: () => KeyObject): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = parse();
  } catch {
    // what OpenSSL says of it helps nobody, and might repeat some of it
  }
  if (key?.type === half && key.asymmetricKeyType === 'ed25519') return key;
  const form = half === 'private' ? 'PKCS#8, no passphrase' : 'SubjectPublicKeyInfo';
  throw new HabsburgError('verification', `${where} holds no Ed25519 ${half} key in PEM (${form})`);
}

/** A key that is not in use yet: its facts are listed, its private half lies in a file of this process. */
function newKey(folder: string, now: Date): { readonly keyid: string; readonly file: string; readonly facts: KeyFacts } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const facts = factsOf(privateKey, now);
  const file = join(folder, `${facts.keyid}.new`);
  write(join(folder, `${facts.keyid}.json`), factsText(facts), 0o644);
  write(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600);
  return { keyid: facts.keyid, file, facts };
}

function factsOf(key: KeyObject, now: Date): KeyFacts {
  return { schema: SCHEMA, keyid: keyIdOf(key), publicKey: pemOf(createPublicKey(key)), usableFrom: now.toISOString() };
}

export const factsText = (facts: KeyFacts): string => `${JSON.stringify(facts, undefined, 2)}\n`;

/** Whole or not at all. */
function write(file: string, text: string, mode: number): void {
  const mine = `${file}.${process.pid}`;
  const handle = openSync(mine, 'w', mode);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(mine, file);
}

function doing<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromSystemError(error, what);
  }
}
