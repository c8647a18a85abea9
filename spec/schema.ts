/** The experiment file's grammar in zod: what a researcher may write, with bounds, defaults and descriptions for editors. */
import { z } from 'zod';
import { DEFAULT_FAMILY, KINDS, kindOf } from '../kinds/index.js';
import type { Real } from '../kinds/types.js';
import { tokenizer } from '../kinds/text/schema.js';
import { claimsSchema } from './claims.js';
import { conditionSchema } from './conditions.js';
import { encoderSchema, metricSchema } from './metric-plans.js';
import { metricNamesOf } from './metrics.js';
import type { Problem } from './problems.js';
import { referencesSchema } from './references.js';
import { SCHEMA_VERSION, execution, name, seed } from './shared.js';
import { sourceClaims } from './source-claims.js';

/** More are many steps each. */
const MOST_SEEDS = { step: 1000, chain: 100_000 };
const MOST_GENERATIONS = { step: 10_000, chain: 1_000_000 };

const FAMILIES = KINDS.flatMap((kind) => Object.values(kind.families));
/** One member of the population as the file says it. */
const memberSchema = z.discriminatedUnion('family', FAMILIES as [z.ZodObject, ...z.ZodObject[]]);

const metricsOf = (kinds: typeof KINDS) => kinds.flatMap(({ writes }) => (writes === undefined ? [] : metricNamesOf(writes))) as [string, ...string[]]; // prettier-ignore
const WITHOUT_METRICS = 'have no effect: what is measured of cheap models follows from their family';

/** What a file is about: its kinds, and whether its data have an entry for each that is read. */
export interface About {
  readonly kinds: typeof KINDS;
  readonly data: ReadonlyMap<Real, { readonly schema: z.ZodType; readonly example: string }>;
  readonly byKind: boolean;
}

/** What a document is about, as far as it can be told before it has been checked. */
export function aboutOf(raw: { readonly population?: unknown; readonly data?: unknown }): About {
  const members = (Array.isArray(raw.population) ? raw.population : []) as ({ readonly family?: unknown } | null)[];
  const named = members.map((member) => member?.family).filter((family) => kindOf(family) !== undefined);
  const families = new Set(named.length > 0 ? (named as string[]) : [DEFAULT_FAMILY]);
  const kinds = KINDS.filter((kind) => [...families].some((family) => kindOf(family) === kind));
  const data = new Map<Real, { schema: z.ZodType; example: string }>();
  for (const read of kinds.map((kind) => kind.reads(families))) if (read && !data.has(read.real)) data.set(read.real, read);
  const words = Object.keys(typeof raw.data === 'object' ? (raw.data ?? {}) : {});
  const byKind = data.size > 1 || (words.length > 0 && words.every((key) => data.has(key as Real)));
  return { kinds, data, byKind };
}

/** The grammar of files about some kinds. */
export function grammarOf({ kinds, data, byKind }: About) {
  const cost = kinds.some((kind) => kind.cost === 'step') ? 'step' : 'chain';
  const metrics = metricsOf(kinds);
  const words = byKind
    ? z.strictObject(Object.fromEntries([...data].map(([real, { schema }]) => [real, schema])))
    : [...data.values()][0]?.schema;
  return documentSchema({
    data: words ?? z.never('has no effect: these families draw their own real data').optional(),
    encoder: kinds.some(({ writes }) => writes === 'texts')
      ? encoderSchema.optional()
      : z.never('has no effect: no member writes text').optional(),
    seeds: MOST_SEEDS[cost],
    generations: MOST_GENERATIONS[cost],
    metrics: metrics.length > 0 ? z.array(metricSchema(metrics)).min(1).optional() : z.never(WITHOUT_METRICS).optional(),
  });
}

/** Data that are missing, or are of one kind where members learn from several. */
export function dataProblem({ data, byKind }: About, given: unknown): Problem | undefined {
  const examples = [...data].map(([real, { example }]) => (data.size > 1 ? `${real}: ${example}` : example));
  const suggestion = `add data: ${data.size > 1 ? `{${examples.join(', ')}}` : examples[0]}`;
  if (data.size > 0 && given === undefined) return { path: ['data'], message: 'is required', suggestion };
  const mapping = typeof given === 'object' && given !== null;
  if (data.size < 2 || !byKind || !mapping || Object.keys(given).some((key) => data.has(key as Real))) return undefined;
  return { path: ['data'], message: `members of this file learn from ${[...data.keys()].join(' and from ')}`, suggestion: suggestion.replace('add', 'write') }; // prettier-ignore
}

/** The grammar of all files, for editors. */
export function anyExperimentSchema() {
  const all = aboutOf({ population: KINDS.flatMap(({ families }) => Object.keys(families)).map((family) => ({ family })) });
  const single = KINDS.map((kind) => kind.reads(new Set(Object.keys(kind.families)))?.schema).filter((schema) => schema !== undefined); // prettier-ignore
  return documentSchema({
    data: z
      .union([
        ...single,
        z.strictObject(Object.fromEntries([...all.data].map(([real, { schema }]) => [real, schema.optional()]))),
      ])
      .optional()
      .describe('Real data; where members learn from texts and from images, {text: …, images: …}.'),
    encoder: encoderSchema.optional(),
    seeds: MOST_SEEDS.chain,
    generations: MOST_GENERATIONS.chain,
    metrics: z
      .array(metricSchema(metricsOf(KINDS)))
      .min(1)
      .optional(),
  });
}

function documentSchema<D extends z.ZodType, M extends z.ZodType, E extends z.ZodType>(of: {
  data: D;
  encoder: E;
  seeds: number;
  generations: number;
  metrics: M;
}) {
  return z
    .strictObject({
      schemaVersion: z.literal(SCHEMA_VERSION).describe('Version of this file format.'),
      name: name.describe("The experiment's id."),
      title: z.string().max(300).optional(),
      seeds: z
        .union([
          z.strictObject({ from: seed.default(1), count: z.int().min(1).max(of.seeds) }),
          z.array(seed).min(1).max(of.seeds),
        ])
        .describe('One run per condition and seed: a list, or {from, count}. Seeds of cheap models run in blocks.'),
      generations: z
        .int()
        .min(0)
        .max(of.generations)
        .describe('The last generation: 0 fits real data, 1 … generations train on what their mixture draws.'),
      data: of.data,
      sources: sourceClaims,
      tokenizer: tokenizer.optional(),
      population: z.array(memberSchema).min(1).max(100).describe('The models that take part.'),
      conditions: z.array(conditionSchema).min(1).max(1000),
      references: referencesSchema,
      encoder: of.encoder.describe(
        'The sentence encoder of metrics of meaning (d-sem, mauve, frechet …): file:FOLDER in the layout of sentence-transformers, or hf://OWNER/NAME@REVISION such as hf://sentence-transformers/all-MiniLM-L6-v2@main.',
      ),
      metrics: of.metrics.describe('Default: every metric that the data allows.'),
      claims: claimsSchema,
      execution: execution.prefault({}),
    })
    .meta({
      id: 'habsburg-experiment',
      title: 'Habsburg experiment',
      description: 'A model-collapse experiment: conditions x seeds, each a chain of generations.',
    });
}

/** An experiment file after zod: types right, defaults in, members not yet resolved. */
export type ExperimentDocument = Omit<z.output<ReturnType<typeof anyExperimentSchema>>, 'population' | 'data'> & {
  readonly data?: unknown;
  readonly population: readonly { readonly name: string; readonly family: string }[];
};
