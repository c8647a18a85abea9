/**
 * The human share of a model as a statement: three numbers that are never mixed, and what they were computed from. It holds no time, so
 * who computes the same states the same; whoever has the statements computes it again. Field map: docs/lineage.md.
 */
import { Reader, STATEMENT_TYPE, TYPES, describedCode, subjectsOf, type InTotoStatement, type StatedArtifact } from '../artifacts/in-toto.js'; // prettier-ignore
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef, CodeIdentity } from '../artifacts/types.js';

const PREDICATE_TYPE = `${TYPES}/human-share`;

/** Whole numbers in decimal digits; readers of in-toto know doubles alone. */
export interface Counted {
  readonly tokens: string;
  readonly bytes: string;
  readonly records: string;
}

/** Each number in [0, 1] has 12 decimals. */
export interface ShareFacts {
  /** what shares are of: tokens under the model's own tokenizer, or records where they are no texts */
  readonly unit: 'tokens' | 'records';
  /** null: no fit made it, or nothing was trained */
  readonly lastFit: {
    readonly step: string;
    readonly passes: string;
    /** that many passes at most: early stopping, or the best of several validations, may have ended it sooner */
    readonly atMost: boolean;
    readonly exposures: Counted;
    readonly human: Counted;
    readonly synthetic: Counted;
    readonly transformed: Counted;
    readonly unknown: Counted;
    readonly humanShare: string;
  } | null;
  /** over all fits along the start chain */
  readonly lifetime: {
    readonly fits: number;
    /** what the first of them began from: fresh weights, or a model of whose data nothing is known */
    readonly start: 'scratch' | 'unknown';
    readonly lower: string;
    readonly upper: string;
  };
  /** of what the last fit saw, by how many models it has gone through; `unknown` last */
  readonly depth: readonly { readonly depth: number | 'unknown'; readonly share: string }[];
  /** the same of the fit that it began from, which is not averaged in; absent of fresh weights and imported ones */
  readonly startDepth?: ShareFacts['depth'];
  readonly sources: readonly {
    /** of its manifest */
    readonly digest: { readonly sha256: string };
    readonly names: readonly string[];
    readonly claim: 'human' | 'synthetic' | 'unknown' | 'contradictory';
    /** the statements that say so, and the keys that they are signed with */
    readonly claimedBy: readonly { readonly key: string; readonly statement: string }[];
  }[];
  /** that it follows from: how many, and the root of the tree of RFC 9162 over their digests in order */
  readonly statements: { readonly count: number; readonly root: string };
}

interface SharePredicate extends ShareFacts {
  readonly computedBy: ReturnType<typeof describedCode>;
}

export const shareAbout = ({ digest }: Pick<ArtifactRef, 'digest'>): string => `shares/${hexOf(digest)}`;

export function shareStatement(model: StatedArtifact, facts: ShareFacts, code: CodeIdentity): InTotoStatement<SharePredicate> {
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf({ model }),
    predicateType: PREDICATE_TYPE,
    predicate: { ...facts, computedBy: describedCode(code) },
  };
}

/** @returns what was stated, to be held against what is computed: its fields are not looked at one by one. @throws 'verification' */
export function parseShare(value: unknown, where: string): { readonly artifact: StatedArtifact; readonly facts: unknown } {
  const at = new Reader(where);
  const root = at.object(value, 'the document');
  at.equal(root._type, STATEMENT_TYPE, '_type');
  at.equal(root.predicateType, PREDICATE_TYPE, 'predicateType');
  const { model, ...others } = at.artifacts(at.list(root.subject, 'subject'), 'subject');
  if (model === undefined || Object.keys(others).length > 0) throw at.wrong('its subject is not one model');
  const { computedBy, ...facts } = at.object(root.predicate, 'predicate');
  at.code(computedBy);
  return { artifact: model, facts };
}
