/** What whoever runs an experiment says of its sources: a claim, which changes no result and no digest of one, and is stated as such. */
import { z } from 'zod';
import type { Problem } from './problems.js';
import { everySource } from './sources.js';
import type { ExperimentPlan } from './plan.js';

const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]+$/u, 'must be one line');

const claim = z.strictObject({
  source: z.string().describe('As data, a term or a base names it; of a dataset of the Hub, without #SPLIT for all its splits.'),
  name: line(200).optional().describe("What it is called. Default: the file's or the repository's name."),
  origin: z
    .enum(['human', 'synthetic'])
    .optional()
    .describe(
      'Who wrote it, as whoever runs the experiment states it: people, or a machine. Default: nobody says, and lineage share counts it as unknown.',
    ),
  licence: line(200).optional().describe('Under which it may be used, best as an SPDX identifier: CC-BY-4.0.'),
  uri: z
    .url()
    .max(2000)
    .optional()
    .describe('Where others find it. Default: of what is from the Hub, its repository and commit.'),
  keep: z
    .boolean()
    .optional()
    .describe('Whether its bytes are kept in the store. Default: those of sources up to 1 GiB are; of larger ones the digests.'),
});

/** A claim about one source. */
export type SourceClaim = z.output<typeof claim>;

export const sourceClaims = z
  .array(claim)
  .min(1)
  .max(1000)
  .optional()
  .describe(
    'What is known of the sources: names, who wrote them, licences, addresses. Stated beside their digests; changes no result.',
  );

/** Claims that stand in a document whose schema holds. @throws never */
export function claimsIn(document: unknown): readonly SourceClaim[] {
  return (document as { readonly sources?: readonly SourceClaim[] }).sources ?? [];
}

/** Each claim is about one source of the plan, and no source has two. */
export function checkClaims(plan: ExperimentPlan, claims: readonly SourceClaim[]): Problem[] {
  const sources = everySource(plan);
  return claims.flatMap(({ source }, i): Problem[] => {
    const path = ['sources', i, 'source'];
    if (claims.findIndex((other) => other.source === source) < i) return [{ path, message: `${source} is there twice` }];
    if (sources.some((one) => isAbout(source, one))) return [];
    return [{ path, message: 'is no source of this experiment', suggestion: `one of: ${sources.join(', ')}` }];
  });
}

/** The claim about a source: its own, or that about all splits of its dataset. */
export function claimAbout(source: string, claims: readonly SourceClaim[] = []): SourceClaim | undefined {
  return claims.find((claim) => claim.source === source) ?? claims.find((claim) => isAbout(claim.source, source));
}

function isAbout(claimed: string, source: string): boolean {
  return claimed === source || (source.startsWith('hf://') && claimed === source.replace(/#.*$/, ''));
}
