/**
 * What is committed to of a dataset's records: a tree over all of them in their order, and one over their texts, by which absence can be
 * shown. Computed when a proof is asked for and stated beside the dataset, so that no artifact and no step's key holds it.
 */
import { createHmac } from 'node:crypto';
import { STATEMENT_TYPE, TYPES, described, type InTotoStatement } from '../artifacts/in-toto.js';
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import { RECORDS_FILE } from '../pool/records.js';
import { MerkleTree, hash, leafHash, merkleRoot } from '../signing/merkle.js';
import { eachLine, recordIn } from './lines.js';
import { prefixTree, type Entry, type PrefixProof } from './prefix-tree.js';

export const RECORDS_TYPE = `${TYPES}/records`;
export const TEXTS_TYPE = `${TYPES}/texts`;

/** Texts are the same where they are after NFC, with every run of white space one space, trimmed, in lower case. */
export const NORMALISATION = 'nfc-space-lower/v1';
export const normalised = (text: string): string => text.normalize('NFC').replace(/\s+/gu, ' ').trim().toLowerCase();

/** `root` of the tree of RFC 9162 over the lines of records.jsonl, in hex. */
export interface RecordsPredicate {
  readonly file: typeof RECORDS_FILE;
  readonly count: number;
  readonly root: string;
}

/** `root` of the prefix tree over the texts of records, in hex; `keyed`: SHA-256 of the secret that keys are made with. */
export interface TextsPredicate {
  readonly normalisation: typeof NORMALISATION;
  /** of different texts */
  readonly count: number;
  readonly root: string;
  readonly keyed?: string;
}

export const recordsAbout = ({ digest }: Pick<ArtifactRef, 'digest'>): string => `records/${hexOf(digest)}`;

export function committed<P>(dataset: ArtifactRef, predicateType: string, predicate: P): InTotoStatement<P> {
  return { _type: STATEMENT_TYPE, subject: [described('dataset', dataset)], predicateType, predicate };
}

/** Where a text lies in the tree of texts. @param secret without: anybody who guesses a text can find out whether it is there */
export function textKey(text: string, secret?: Uint8Array): Buffer {
  const bytes = Buffer.from(normalised(text), 'utf8');
  return secret ? createHmac('sha256', secret).update(bytes).digest() : hash(bytes);
}

/** The tree of records and the way up from one. @throws 'notFound' where no record has that id */
export async function commitRecords(
  store: ArtifactStore,
  dataset: ArtifactRef,
  id: string,
): Promise<{ predicate: RecordsPredicate; index: number; leaf: Buffer; path: readonly Buffer[] }> {
  const tell = Buffer.from(JSON.stringify(id));
  let found: { index: number; leaf: Buffer } | undefined;
  const tree = new MerkleTree();
  await eachLine(store, dataset, (line) => {
    const leaf = leafHash(line);
    // most lines are not read: one that does not hold the id's characters is not the one
    const wanted = !found && line.includes(tell) && recordIn(line, dataset.digest).id === id;
    if (wanted) found = { index: tree.count, leaf };
    tree.add(leaf, wanted);
  });
  if (!found)
    throw new HabsburgError(
      'notFound',
      `no record of ${dataset.digest} is called ${id}; ask for its absence by its text (--text)`,
    );
  const { root, path } = tree.close();
  return { predicate: { file: RECORDS_FILE, count: tree.count, root: root.toString('hex') }, ...found, path };
}

/** The tree of texts and the way to where one would be. Values are salted hashes where there is a secret, so that proofs show none. */
export async function commitTexts(
  store: ArtifactStore,
  dataset: ArtifactRef,
  text: string,
  secret?: Uint8Array,
): Promise<{ predicate: TextsPredicate; key: Buffer; proof: PrefixProof }> {
  const leaves = new Map<string, Buffer[]>();
  await eachLine(store, dataset, (line) => {
    const { text: own, prompt } = recordIn(line, dataset.digest);
    const key = textKey(`${prompt?.text ?? ''}${own}`, secret).toString('latin1');
    const there = leaves.get(key);
    if (there) there.push(leafHash(line));
    else leaves.set(key, [leafHash(line)]);
  });
  const entries = [...leaves].map(([latin1, own]): Entry => {
    const key = Buffer.from(latin1, 'latin1');
    const value = merkleRoot(own);
    return {
      key,
      value: secret
        ? createHmac('sha256', hash(secret, Buffer.from('salt')))
            .update(key)
            .update(value)
            .digest()
        : value,
    };
  });
  entries.sort((a, b) => Buffer.compare(a.key, b.key));
  const key = textKey(text, secret);
  const { root, proof } = prefixTree(entries, key);
  const keyed = secret && { keyed: hash(secret).toString('hex') };
  return { predicate: { normalisation: NORMALISATION, count: entries.length, root: root.toString('hex'), ...keyed }, key, proof: proof! }; // prettier-ignore
}
