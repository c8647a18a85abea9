/** Proofs about one record or text of a dataset, as documents that whoever has not the dataset can check. */
import { z } from 'zod';
import type { InTotoStatement } from '../artifacts/in-toto.js';
import { Reader, STATEMENT_TYPE, statementBytes } from '../artifacts/in-toto.js';
import { addStatement } from '../artifacts/statements.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { canonicalJson, parseCanonical, sha256, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { keyIdOf, pemOf, sealed, verifyEnvelope, type Signer } from '../signing/envelope.js';
import { readPublicKey } from '../signing/key-folder.js';
import { hash, includes, leafHash } from '../signing/merkle.js';
import { shows } from './prefix-tree.js';
import { NORMALISATION, RECORDS_TYPE, TEXTS_TYPE, commitRecords, commitTexts, committed, recordsAbout, textKey } from './records.js'; // prettier-ignore

const SCHEMA = 'habsburg.proof/v2';

/** in the one form that they have: of the last digit two bits are unused, and zero */
const bytes = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'expected 32 bytes in base64')
  .transform((text) => Buffer.from(text, 'base64'));
/** an empty place of a prefix tree, 32 zero bytes, is written as nothing */
const place = z.union([z.literal('').transform(() => Buffer.alloc(32)), bytes]);
/** an envelope, and the key that it is signed with: whose that is, is for the reader to know */
const signed = {
  statement: z.strictObject({ payload: z.string(), payloadType: z.string(), signatures: z.tuple([z.strictObject({ keyid: z.string(), sig: z.string() })]) }), // prettier-ignore
  publicKey: z.string(),
};
const proofDocument = z.discriminatedUnion('proves', [
  z.strictObject({ schema: z.literal(SCHEMA), proves: z.literal('inclusion'), ...signed, index: z.number().int().nonnegative(), leaf: bytes, path: z.array(bytes).max(64) }), // prettier-ignore
  z.strictObject({ schema: z.literal(SCHEMA), proves: z.enum(['present', 'absent']), ...signed, key: bytes, beside: z.array(place).max(256), end: z.strictObject({ key: bytes, value: bytes }).nullable() }), // prettier-ignore
]);

/** That a record is in a dataset, at which place. States the root beside the dataset. @returns the proof's JSON */
export async function proveRecord(store: ArtifactStore, dataset: ArtifactRef, id: string, signer: Signer): Promise<object> {
  const { predicate, index, leaf, path } = await commitRecords(store, dataset, id);
  const statement = committed(dataset, RECORDS_TYPE, predicate);
  return {
    schema: SCHEMA,
    proves: 'inclusion',
    ...(await stated(store, dataset, statement, signer)),
    index,
    leaf: leaf.toString('base64'),
    path: path.map(base64),
  };
}

/** That a text is, or is not, the whole text of a record of a dataset. @param secret 32 bytes or more, for texts that are private */
export async function proveText(
  store: ArtifactStore,
  dataset: ArtifactRef,
  text: string,
  signer: Signer,
  secret?: Uint8Array,
): Promise<object> {
  const { predicate, key, proof } = await commitTexts(store, dataset, text, secret);
  const statement = committed(dataset, TEXTS_TYPE, predicate);
  const proves = shows(Buffer.from(predicate.root, 'hex'), key, proof);
  const { end } = proof;
  return {
    schema: SCHEMA,
    proves,
    ...(await stated(store, dataset, statement, signer)),
    key: key.toString('base64'),
    beside: proof.beside.map((one) => (one.every((byte) => byte === 0) ? '' : base64(one))),
    end: end && { key: base64(end.key), value: base64(end.value) },
  };
}

/** Signs and files a statement about a dataset; the same bytes are in the proof. */
async function stated(store: ArtifactStore, dataset: ArtifactRef, statement: InTotoStatement<unknown>, signer: Signer) {
  await addStatement(store, recordsAbout(dataset), statement, signer);
  const envelope = await sealed(statementBytes(statement), signer);
  return { statement: JSON.parse(envelope.toString('utf8')) as unknown, publicKey: pemOf(signer.publicKey) };
}

const base64 = (one: Uint8Array): string => Buffer.from(one).toString('base64');

export interface Shown {
  readonly proves: 'inclusion' | 'present' | 'absent';
  readonly dataset: Digest;
  /** the statement that the root stands in, and the key that signed it: whose that is answers for it */
  readonly statement: Digest;
  readonly keyid: string;
  /** of records, or of different texts */
  readonly count: number;
  readonly index?: number;
  /** whether the record or text that was given is the one that the proof is about; absent where none was */
  readonly matches?: true;
}

/**
 * @param of what the proof should be about: the record's line, or the text, with the secret of its dataset where that is keyed
 * @throws 'verification' where it shows nothing, or is about something else
 */
export function checkProof(
  value: unknown,
  of: { readonly record?: Uint8Array; readonly text?: string; readonly secret?: Uint8Array } = {},
): Shown {
  const wrong = (what: string) => new HabsburgError('verification', `the proof shows nothing: ${what}`);
  const parsed = proofDocument.safeParse(value);
  if (!parsed.success) throw wrong(`${parsed.error.issues[0].path.join('.')}: ${parsed.error.issues[0].message}`);
  const proof = parsed.data;
  const at = new Reader('its statement');
  const envelope = Buffer.from(canonicalJson(proof.statement), 'utf8');
  const key = readPublicKey(proof.publicKey, 'publicKey');
  if (pemOf(key) !== proof.publicKey) throw wrong('its public key is not in the one form of one');
  const { payload, keyid } = verifyEnvelope(envelope, new Map([[keyIdOf(key), key]]), 'its statement');
  const said = parseCanonical(payload);
  if (!said) throw wrong('its statement is not in canonical form');
  const stated = at.object(said.value, 'the document');
  at.equal(stated._type, STATEMENT_TYPE, '_type');
  const subjects = Object.values(at.artifacts(at.list(stated.subject, 'subject'), 'subject'));
  if (subjects.length !== 1) throw wrong('its statement is not about one dataset');
  const predicate = at.object(stated.predicate, 'predicate');
  const hex = at.text(predicate.root, 'root');
  if (!/^[0-9a-f]{64}$/.test(hex)) throw at.wrong('root is no SHA-256');
  const [root, count] = [Buffer.from(hex, 'hex'), at.integer(predicate.count, 'count')];
  const shown = { proves: proof.proves, dataset: subjects[0].digest, statement: sha256(envelope), keyid, count }; // prettier-ignore

  if (proof.proves === 'inclusion') {
    at.equal(stated.predicateType, RECORDS_TYPE, 'predicateType');
    if (of.text !== undefined) throw wrong('it is about a record, not a text; give the line of the record (--record)');
    if (!includes(root, count, proof.index, proof.leaf, proof.path)) throw wrong('its hashes do not lead to the root');
    if (of.record && !leafHash(of.record).equals(proof.leaf)) throw wrong('it is about another record');
    return { ...shown, index: proof.index, ...(of.record && { matches: true as const }) };
  }
  at.equal(stated.predicateType, TEXTS_TYPE, 'predicateType');
  at.equal(predicate.normalisation, NORMALISATION, 'normalisation');
  if (of.record) throw wrong('it is about a text, not a record; give the text (--text)');
  if (shows(root, proof.key, proof) !== proof.proves) throw wrong(`its hashes do not show that the text is ${proof.proves}`);
  if (of.text === undefined) return shown;
  if ((predicate.keyed === undefined) !== (of.secret === undefined))
    throw wrong(
      predicate.keyed === undefined ? 'its texts are not keyed' : 'its texts are keyed: give the secret of the dataset (--key)',
    );
  if (of.secret && hash(of.secret).toString('hex') !== predicate.keyed) throw wrong('this is not the secret that its statement was made with'); // prettier-ignore
  if (!textKey(of.text, of.secret).equals(proof.key)) throw wrong('it is about another text');
  return { ...shown, matches: true };
}
