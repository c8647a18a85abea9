/**
 * A statement with a signature: a DSSE envelope (https://github.com/secure-systems-lab/dsse, version 1) with one Ed25519 signature, in
 * one form alone. Readers in general let much of an envelope vary that no signature covers (white space, unknown fields, unused bits of
 * base64, the key's id): of one of 2.3 kB, 523 single flipped bits passed. So here an envelope is decoded, encoded again and compared
 * byte for byte; then its bytes are as good a name for it as its contents.
 */
import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';

export const IN_TOTO_PAYLOAD = 'application/vnd.in-toto+json';

/** Whoever signs: a key of this process, or a command that asks a key elsewhere. */
export interface Signer {
  /** of the public key, as `keyIdOf` gives it */
  readonly keyid: string;
  readonly publicKey: KeyObject;
  /** An Ed25519 signature, 64 bytes. */
  sign(message: Buffer): Promise<Buffer>;
}

/** Public keys by their ids. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** What was signed, and by which key. */
export interface Signed {
  readonly payload: Buffer;
  readonly keyid: string;
}

/** An envelope whose bytes are in the one form; whether the signature holds is not known yet. */
export interface Envelope extends Signed {
  readonly signature: Buffer;
}

/** 64 lower-case hex digits: SHA-256 of a public key's SubjectPublicKeyInfo in DER. */
export function keyIdOf(key: KeyObject): string {
  const known = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(known.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** A public key as SubjectPublicKeyInfo in PEM. */
export const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;

/** A key of this process as a signer. */
export function signerOf(privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey);
  return { keyid: keyIdOf(publicKey), publicKey, sign: (message) => Promise.resolve(sign(null, message, privateKey)) };
}

/** The bytes that are signed: DSSE's pre-authentication encoding, lengths in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `, 'utf8'),
    payload,
  ]);
}

/**
 * The envelope about a payload, a statement's canonical bytes. Ed25519 draws nothing: the same key and payload give the same bytes.
 * @throws 'failed' where the signer returns no Ed25519 signature
 */
export async function sealed(payload: Buffer, signer: Signer): Promise<Buffer> {
  const signature = await signer.sign(preAuthEncoding(IN_TOTO_PAYLOAD, payload));
  if (signature.byteLength !== 64)
    throw new HabsburgError(
      'failed',
      `the key ${signer.keyid} gave a signature of ${signature.byteLength} bytes; Ed25519 signatures have 64`,
    );
  return encoded(payload, signer.keyid, signature);
}

/**
 * What an envelope's bytes hold, once they are the one form that it can have and the signature holds.
 * @param keys the keys that are trusted
 * @param where words the envelope for an error: a file's name
 * @throws 'verification'
 */
export function verifyEnvelope(bytes: Buffer, keys: PublicKeys, where: string): Signed {
  const envelope = openEnvelope(bytes, where);
  return verified(envelope, keys.get(envelope.keyid), where);
}

/** @throws 'verification' where the bytes are no envelope, or not in the one form that it has */
export function openEnvelope(bytes: Buffer, where: string): Envelope {
  const wrong = (what: string) => new HabsburgError('verification', `${where} ${what}`);
  const fields = fieldsIn(bytes);
  if (typeof fields === 'string') throw wrong(fields);
  const payload = Buffer.from(fields.payload, 'base64');
  const signature = Buffer.from(fields.sig, 'base64');
  if (!encoded(payload, fields.keyid, signature).equals(bytes)) throw wrong('is not in the one form of a signed statement');
  return { payload, keyid: fields.keyid, signature };
}

/**
 * @param key what is known under the envelope's key id
 * @throws 'verification' where it is not known, another key, or did not sign this
 */
export function verified({ payload, keyid, signature }: Envelope, key: KeyObject | undefined, where: string): Signed {
  const wrong = (what: string) => new HabsburgError('verification', `${where} ${what}`);
  if (!key) throw wrong(`is signed by the key ${keyid}, which is not among those that are known`);
  if (key.asymmetricKeyType !== 'ed25519' || keyIdOf(key) !== keyid)
    throw wrong(`names the key ${keyid}, but what is listed under this id is another key`);
  if (!verify(null, preAuthEncoding(IN_TOTO_PAYLOAD, payload), key, signature))
    throw wrong(`is not what the key ${keyid} signed: it was changed, or the signature is another statement's`);
  return { payload, keyid };
}

function encoded(payload: Buffer, keyid: string, signature: Buffer): Buffer {
  const signatures = [{ keyid, sig: signature.toString('base64') }];
  return Buffer.from(canonicalJson({ payload: payload.toString('base64'), payloadType: IN_TOTO_PAYLOAD, signatures }), 'utf8');
}

/** The strings of an envelope, or what is no envelope about the bytes; whether there is more in them shows when they are encoded again. */
function fieldsIn(bytes: Buffer): { readonly payload: string; readonly keyid: string; readonly sig: string } | string {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'is not JSON';
  }
  const { payload, signatures } = (value ?? {}) as { payload?: unknown; signatures?: unknown };
  if (typeof payload !== 'string' || !Array.isArray(signatures))
    return 'is no signed statement: it has no payload and signatures';
  if (signatures.length !== 1) return `has ${signatures.length} signatures; a statement that several sign is filed once for each`;
  const { keyid, sig } = (signatures[0] ?? {}) as { keyid?: unknown; sig?: unknown };
  if (typeof keyid !== 'string' || typeof sig !== 'string') return 'has a signature without keyid and sig';
  return { payload, keyid, sig };
}
