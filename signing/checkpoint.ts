/**
 * The signed head of a log, as C2SP has it (https://c2sp.org/tlog-checkpoint): three lines of what is signed, an empty one, and a signature in
 * the form of a signed note (https://c2sp.org/signed-note). Read by Go's sumdb/note and sumdb/tlog.
 */
import { createHash, verify, type KeyObject } from 'node:crypto';
import { HabsburgError } from '../common/errors.js';
import type { Signer } from './envelope.js';

export interface Head {
  /** the log's name: no other log may have it */
  readonly origin: string;
  /** entries */
  readonly size: number;
  /** of the tree of RFC 9162 over them, 32 bytes */
  readonly root: Buffer;
}

/** A signature's type in a signed note: Ed25519. */
const ED25519 = Buffer.of(1);
const FORM = /^([^\n]+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)\n\n\u2014 (\S+) ([A-Za-z0-9+/]+=*)\n$/;

export async function signedHead(head: Head, signer: Signer): Promise<string> {
  const text = textOf(head);
  const signature = Buffer.concat([hashOf(head.origin, signer.publicKey), await signer.sign(Buffer.from(text, 'utf8'))]);
  return `${text}\n\u2014 ${head.origin} ${signature.toString('base64')}\n`;
}

/**
 * What a note says, once the signature on it holds and every byte is the one that it must be.
 * @param where words it for an error
 * @throws 'verification'
 */
export function openHead(note: string, key: KeyObject, where: string): Head {
  const wrong = (what: string) => new HabsburgError('verification', `${where} ${what}`);
  const { head, origin, signature } = partsOf(note, where);
  const text = textOf(head);
  if (note !== `${text}\n\u2014 ${origin} ${signature.toString('base64')}\n`)
    throw wrong('is not in the one form of a signed head');
  if (origin !== head.origin || !signature.subarray(0, 4).equals(hashOf(origin, key)))
    throw wrong('is signed under another name, or by another key than the one that it is said to be of');
  if (!verify(null, Buffer.from(text, 'utf8'), key, signature.subarray(4)))
    throw wrong('is not what its key signed: it was changed, or the signature is another head’s');
  return head;
}

/** What a note says, whoever signed it. @throws 'verification' where it is no signed head */
export function readHead(note: string, where: string): Head {
  return partsOf(note, where).head;
}

/** A key as verifiers of signed notes want it: `<name>+<hash>+<key>`. */
export function verifierKey(origin: string, key: KeyObject): string {
  return `${origin}+${hashOf(origin, key).toString('hex')}+${Buffer.concat([ED25519, raw(key)]).toString('base64')}`;
}

function partsOf(note: string, where: string): { readonly head: Head; readonly origin: string; readonly signature: Buffer } {
  const [, name, size, root, origin, signature] = FORM.exec(note) ?? [];
  if (name === undefined || !Number.isSafeInteger(Number(size)))
    throw new HabsburgError('verification', `${where} is no signed head of a log`);
  const head = { origin: name, size: Number(size), root: Buffer.from(root, 'base64') };
  return { head, origin, signature: Buffer.from(signature, 'base64') };
}

const textOf = ({ origin, size, root }: Head): string => `${origin}\n${size}\n${root.toString('base64')}\n`;

const hashOf = (name: string, key: KeyObject): Buffer =>
  createHash('sha256').update(`${name}\n`).update(ED25519).update(raw(key)).digest().subarray(0, 4);

/** The 32 bytes of an Ed25519 key are the end of its SubjectPublicKeyInfo. */
const raw = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(-32);
