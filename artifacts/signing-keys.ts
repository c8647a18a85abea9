/**
 * The public keys that a store's statements are signed with, at keys/<keyid>.json: whoever has the store can check every signature in it.
 * That a key is there says nothing about whose it is; who is trusted is said elsewhere (signing/trust.ts).
 */
import type { KeyObject } from 'node:crypto';
import { canonicalJson } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { keyIdOf, openEnvelope, pemOf, verified, type Signed, type Signer } from '../signing/envelope.js';
import { readPublicKey } from '../signing/key-folder.js';
import { again } from './again.js';
import { putWhole } from './put-whole.js';
import type { ArtifactStore, ObjectStore } from './types.js';

const SCHEMA = 'habsburg.public-key/v1';
const LIMIT = 4096;
const FILE = /^keys\/([0-9a-f]{64})\.json$/;

export const signingKeyPath = (keyid: string): string => `keys/${keyid}.json`;

/** Keys of stores that were read: a key is named by its hash, so what was read once stays so. */
const known = new WeakMap<ObjectStore, Map<string, KeyObject>>();

/** Puts a signer's public key into a store, unless it lies there whole. */
export async function publishKey({ objects }: ArtifactStore, { keyid, publicKey }: Signer): Promise<void> {
  if (known.get(objects)?.has(keyid)) return;
  const key = signingKeyPath(keyid);
  await putWhole(objects, key, bytesOf(publicKey));
  remember(objects, keyid, publicKey);
}

/** @throws 'verification' where there is something else under its name; undefined where there is none */
export async function signingKey({ objects }: ArtifactStore, keyid: string): Promise<KeyObject | undefined> {
  const cached = known.get(objects)?.get(keyid);
  if (cached) return cached;
  if (!/^[0-9a-f]{64}$/.test(keyid)) return undefined;
  const path = signingKeyPath(keyid);
  const where = `${path} in ${objects.url}`;
  if (!(await objects.stat(path))) return undefined;
  try {
    const key = await again(`reading ${path} from ${objects.url}`, async () =>
      signingKeyIn(await objects.read(path, LIMIT), keyid, where),
    );
    remember(objects, keyid, key);
    return key;
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
    throw error;
  }
}

/** Ids of the keys in a store. */
export async function* signingKeyIds({ objects }: ArtifactStore): AsyncIterable<string> {
  for await (const path of objects.list('keys/')) {
    const keyid = FILE.exec(path)?.[1];
    if (keyid !== undefined) yield keyid;
  }
}

/** What an envelope's bytes hold, by a key of the store. @throws 'verification' */
export async function openSigned(store: ArtifactStore, bytes: Buffer, where: string): Promise<Signed> {
  const envelope = openEnvelope(bytes, where);
  return verified(envelope, await signingKey(store, envelope.keyid), where);
}

function bytesOf(key: KeyObject): Buffer {
  return Buffer.from(canonicalJson({ schema: SCHEMA, keyid: keyIdOf(key), publicKey: pemOf(key) }), 'utf8');
}

/** @throws 'verification' where the bytes are not the key of that id, in its one form */
export function signingKeyIn(bytes: Buffer, keyid: string, where: string): KeyObject {
  const key = keyIn(bytes, where);
  if (keyIdOf(key) === keyid && bytesOf(key).equals(bytes)) return key;
  throw new HabsburgError('verification', `${where} was changed: it is not the key that it is named by, in its one form`);
}

function keyIn(bytes: Buffer, where: string): KeyObject {
  let pem: unknown;
  try {
    pem = (JSON.parse(bytes.toString('utf8')) as { publicKey?: unknown } | null)?.publicKey;
  } catch {
    // said below
  }
  if (typeof pem !== 'string') throw new HabsburgError('verification', `${where} was changed: it holds no public key`);
  return readPublicKey(pem, where);
}

function remember(objects: ObjectStore, keyid: string, key: KeyObject): void {
  const keys = known.get(objects) ?? new Map<string, KeyObject>();
  known.set(objects, keys.set(keyid, key));
}
