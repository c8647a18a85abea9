/**
 * What a paper says, as something that results can bear out or not: `claims` of an experiment's file. They are read and not run: they
 * change no plan and no digest, and stand in the recorded document alone. (What is claimed of sources is source-claims.ts.)
 */
import { z } from 'zod';
import { evaluations } from '../evaluations/index.js';
import { MEASURES } from '../kinds/chains/measures.js';
import type { MetricDocument } from './metric-plans.js';
import { metricNamed } from './metrics.js';
import type { Path, Problem } from './problems.js';
import { name } from './shared.js';
import { nearest } from './suggest.js';

const generation = (what: string) => z.int().min(0).max(1_000_000).optional().describe(what);
const from = generation('Default: the first that has a value.');
const to = generation('Default: the last of the experiment.');
const at = generation('Default: the last of the experiment.');

const statistic = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('change').describe('By how much the metric rises from one generation to another.'),
      from,
      to,
    }),
    z.strictObject({ kind: z.literal('growth').describe('By what factor it rises; of positive values the geometric mean over seeds.'), from, to }), // prettier-ignore
    z.strictObject({ kind: z.literal('difference').describe('How much higher it is under the first condition than under the second.'), generation: at }), // prettier-ignore
    z.strictObject({ kind: z.literal('ratio').describe('How many times as high it is under the first condition as under the second.'), generation: at }), // prettier-ignore
    z.strictObject({ kind: z.literal('trend').describe('Its slope a generation, by least squares in each seed.'), from, to }),
    z.strictObject({ kind: z.literal('level').describe('The metric itself.'), generation: at }),
  ])
  .describe('What is read off the results, a number a seed.');

const claim = z.strictObject({
  id: name,
  says: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[^\p{Cc}]+$/u, 'must be one line')
    .describe('The sentence, as the paper has it.'),
  metric: z.string().max(200).describe('NAME, or NAME/VARIANT where it has several values.'),
  statistic,
  conditions: z
    .array(name)
    .min(1)
    .max(100)
    .describe('Under which it is said: of each of them; of `difference` and `ratio` the two that are compared.'),
  member: name.optional().describe('Default: every member that has the metric.'),
  direction: z.enum(['above', 'below', 'within']).describe('Where the statistic is said to lie.'),
  threshold: z
    .union([z.number(), z.tuple([z.number(), z.number()])])
    .optional()
    .describe(
      'Above or below what, within what ([low, high]). Default: 1 of `growth` and `ratio`, 0 of changes, differences and trends.',
    ),
  expected: z
    .number()
    .optional()
    .describe('The paper’s own number: where nothing can be told, the power is the one for it. Default: for the effect as seen.'),
});

/** A claim as the file has it. */
export type Claim = z.output<typeof claim>;
export type ClaimStatistic = Claim['statistic'];

export const claimsSchema = z
  .array(claim)
  .min(1)
  .max(100)
  .optional()
  .describe('What the paper says, tested in `results` and the report: holds, fails, or cannot tell. Changes no result.');

const METRICS = [...new Set([...evaluations, ...Object.values(MEASURES).flat().map(({ metric }) => ({ name: metric }))].map((one) => one.name))]; // prettier-ignore

/** The value or the two bounds that a statistic is held against. */
export function thresholdOf({ threshold, statistic: { kind } }: Claim): number | readonly [number, number] {
  return threshold ?? (kind === 'growth' || kind === 'ratio' ? 1 : 0);
}

/** How claims fit the rest of the file. A generation that this experiment has not is none of its faults: the verdict says so. */
export function checkStatedClaims(
  claims: readonly Claim[] = [],
  { conditions, population, metrics = [] }: { readonly conditions: readonly { readonly name: string }[]; readonly population: readonly { readonly name: string }[]; readonly metrics?: readonly MetricDocument[] }, // prettier-ignore
): Problem[] {
  const known = conditions.map((condition) => condition.name);
  const members = population.map((member) => member.name);
  return claims.flatMap((claim, i): Problem[] => {
    const place = (...rest: Path): Path => ['claims', i, ...rest];
    const { statistic: of, direction, threshold, expected } = claim;
    const problems: Problem[] = [];
    const unknown = (path: Path, word: string, what: string, all: readonly string[]): void => {
      if (all.includes(word)) return;
      const guess = nearest(word, all);
      problems.push({ path, message: `there is no ${what} ${JSON.stringify(word)}`, suggestion: guess ? `did you mean ${guess}?` : `one of: ${all.join(', ')}` }); // prettier-ignore
    };
    if (claims.findIndex(({ id }) => id === claim.id) < i) problems.push({ path: place('id'), message: `claim ${JSON.stringify(claim.id)} is there twice` }); // prettier-ignore
    unknown(place('metric'), claim.metric.split('/')[0], 'metric', METRICS);
    const asked = new Set(metrics.flatMap((one) => variantOf(one, claim.metric) ?? []));
    if (asked.size > 1)
      problems.push({ path: place('metric'), message: `${claim.metric} is measured in several variants, ${[...asked].join(', ')}, and the claim must say which`, suggestion: `write ${claim.metric}/${[...asked][0]}` }); // prettier-ignore
    claim.conditions.forEach((condition, c) => unknown(place('conditions', c), condition, 'condition', known));
    if (claim.member !== undefined) unknown(place('member'), claim.member, 'member', members);
    const two = of.kind === 'difference' || of.kind === 'ratio';
    if (two && (claim.conditions.length !== 2 || claim.conditions[0] === claim.conditions[1]))
      problems.push({ path: place('conditions'), message: `${of.kind} compares two conditions`, suggestion: 'name two' });
    if ('from' in of && of.from !== undefined && of.to !== undefined && of.from >= of.to)
      problems.push({ path: place('statistic', 'to'), message: 'must be a later generation than `from`' });
    const bounds = thresholdOf(claim);
    const list = typeof bounds === 'number' ? [bounds] : bounds;
    if ((direction === 'within') !== (list.length === 2))
      problems.push({ path: place('threshold'), message: direction === 'within' ? 'within needs two bounds' : `${direction} needs one number`, suggestion: direction === 'within' ? 'write [low, high]' : 'write a number, or direction: within' }); // prettier-ignore
    else if (list.length === 2 && list[0] >= list[1])
      problems.push({ path: place('threshold'), message: 'the first bound must be the lower one' });
    else if ((of.kind === 'growth' || of.kind === 'ratio') && list[0] <= 0)
      problems.push({ path: place('threshold'), message: `a ${of.kind} is held against a positive number` });
    else if (of.kind === 'level' && threshold === undefined)
      problems.push({ path: place('threshold'), message: 'is required: a level is above, below or within something' });
    else if (expected !== undefined && !lies(expected, direction, list))
      problems.push({ path: place('expected'), message: `${expected} is not ${direction} the threshold` });
    return problems;
  });
}

/** The variant in which a file's list measures a metric that a claim calls by its name alone. */
function variantOf(metric: MetricDocument, name: string): string | undefined {
  const own = typeof metric === 'string' ? { name: metric, variant: undefined } : metric;
  if (own.name !== name) return undefined;
  return metricNamed(name, own.variant).variant;
}

function lies(value: number, direction: Claim['direction'], [low, high]: readonly number[]): boolean {
  if (direction === 'within') return value > low && value < high;
  return direction === 'above' ? value > low : value < low;
}

/** Claims of a recorded document; undefined where they are in a form that this version does not read. */
export function recordedClaims(document: unknown): readonly Claim[] | undefined {
  const parsed = claimsSchema.safeParse((document as { claims?: unknown } | null | undefined)?.claims);
  return parsed.success ? (parsed.data ?? []) : undefined;
}
