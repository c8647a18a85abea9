/**
 * That a key is believed no more: a statement about the key, signed by one that is trusted, or by itself. Its place in the log is its time. What
 * the key signed before it stays good where it was only replaced; where somebody else may have had it, what is dated before the theft may be
 * his as well, and only a head of the log that was kept elsewhere says what was there by then.
 */
import type { Signer } from '../signing/envelope.js';
import { Reader, STATEMENT_TYPE, TYPES, type InTotoStatement } from './in-toto.js';
import { addStatement, readStatement, statementKey, statementsAbout } from './statements.js';
import { unlessDamaged } from './damage.js';
import type { ArtifactStore } from './types.js';
import type { Digest } from '../common/canonical.js';

const REVOCATION_TYPE = `${TYPES}/revocation`;

export const REASONS = ['replaced', 'compromised'] as const;
export type RevocationReason = (typeof REASONS)[number];

export interface Revocation {
  /** the key that is believed no more */
  readonly revoked: string;
  readonly reason: RevocationReason;
  /** who says so */
  readonly keyid: string;
  /** as the log names it */
  readonly entry: string;
}

const aboutKey = (keyid: string): string => `keys/${keyid}`;

export function revoke(store: ArtifactStore, keyid: string, reason: RevocationReason, signer: Signer): Promise<Digest> {
  const statement: InTotoStatement<{ readonly reason: RevocationReason }> = {
    _type: STATEMENT_TYPE,
    // a key's id is the SHA-256 of its SubjectPublicKeyInfo
    subject: [{ name: 'key', digest: { sha256: keyid } }],
    predicateType: REVOCATION_TYPE,
    predicate: { reason },
  };
  return addStatement(store, aboutKey(keyid), statement, signer);
}

/** What is said of a key; statements that cannot be read say nothing. */
export async function revocationsOf(store: ArtifactStore, revoked: string): Promise<Revocation[]> {
  const found: Revocation[] = [];
  for await (const digest of statementsAbout(store, aboutKey(revoked))) {
    const entry = statementKey(aboutKey(revoked), digest);
    const read = await readStatement(store, aboutKey(revoked), digest).catch(unlessDamaged);
    if (!read) continue;
    const at = new Reader(entry);
    const root = at.object(read.value, 'the document');
    const { reason } = at.object(root.predicate, 'predicate');
    const subject = at.object(at.object(at.list(root.subject, 'subject')[0], 'subject').digest, 'digest').sha256;
    if (root.predicateType !== REVOCATION_TYPE || subject !== revoked || !REASONS.some((one) => one === reason)) continue;
    found.push({ revoked, reason: reason as RevocationReason, keyid: read.keyid, entry });
  }
  return found;
}
