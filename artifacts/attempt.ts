/**
 * What is stated of an attempt at a step that came to nothing: that it was made, by whom, and the kind of its failure. It made nothing, and a
 * statement without a subject that has a digest is none: so its subject is the report that stands in it, as canonical JSON. Failures are in no step's ancestry; they are there
 * for whoever asks what was tried and thrown away. Messages stay out of it: they name folders of the machine.
 */
import { digestOf, type Digest } from '../common/canonical.js';
import type { Signer } from '../signing/envelope.js';
import { STATEMENT_TYPE, TYPES, describedCode } from './in-toto.js';
import { hexOf } from './keys.js';
import { addStatement } from './statements.js';
import type { ArtifactStore, CodeIdentity } from './types.js';

export const ATTEMPT_TYPE = `${TYPES}/attempt`;

export interface AttemptFacts {
  readonly step: string;
  readonly stepVersion: number;
  readonly key: Digest;
  readonly seed: number;
  readonly generation: number;
  readonly member: string;
  readonly engineFingerprint: string;
  /** as a step's statement has them */
  readonly invocation: { readonly id: string; readonly startedOn: string; readonly finishedOn: string };
  /** `invalid`, `resources`, `engineDied`, … */
  readonly failure: string;
}

/** What statements about failed attempts at a step are filed under. */
export const attemptAbout = (key: Digest): string => `attempts/${hexOf(key)}`;

export async function stateAttempt(
  store: ArtifactStore,
  facts: AttemptFacts,
  code: CodeIdentity,
  signer: Signer,
): Promise<Digest> {
  const { seed, ...rest } = facts;
  // in digits, as a step's statement has it
  const report = { ...rest, seed: String(seed) };
  const digest = digestOf(report);
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: 'report', digest: { sha256: hexOf(digest) }, annotations: { kind: 'attempt' } }],
    predicateType: ATTEMPT_TYPE,
    predicate: { report, attemptedBy: describedCode(code) },
  } as const;
  return addStatement(store, attemptAbout(facts.key), statement, signer);
}
