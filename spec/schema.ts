/** The experiment file's grammar in zod: what a researcher may write, with bounds, defaults and descriptions for editors. */
import { z } from 'zod';
import { DECODING_ROWS, STRATEGY_NAMES, type DECODING_SETTINGS } from '../engine/generate/decoding.js';
import {
  DEFAULT_OPTIMIZER,
  OPTIMIZER_NAMES,
  OPTIMIZER_SETTINGS,
  optimizersWith,
  settingsOf,
  type OptimizerSettings,
} from '../engine/train/optimizers/index.js';
import { scheduleFields } from '../engine/train/schedule.js';
import { selectionFields, stepFields } from '../engine/train/settings.js';
import { TEXT_METRIC_NAMES } from './metrics.js';
import { memberMixtureWords, mixtureSchema, sampleSchema, sampleWords } from './mixture-schema.js';
import { operatorsSchema } from './operators.js';
import { LAST_SEED, SCHEMA_VERSION, engineExecution, memberExecution, name, seed } from './shared.js';
import { modelTypes } from '../engine/models/index.js';
import { TEMPLATE_NAMES } from './templates.js';
import { sourceClaims } from './source-claims.js';

const textSource = z
  .string()
  .regex(
    /^(file:.+|hf:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+@[\w./-]+(#[\w.-]+)?|grammar:zipf)$/,
    'must be file:PATH, hf://OWNER/NAME/CONFIG@REVISION, hf://OWNER/NAME/CONFIG@REVISION#SPLIT or grammar:zipf',
  );
const modelSource = z
  .string()
  .regex(/^(file:.+|hf:\/\/[\w.-]+\/[\w.-]+@[\w./-]+)$/, 'must be file:FOLDER, file:MODEL.gguf or hf://OWNER/NAME@REVISION');

const blocks = z.int().min(1).max(1e9);
const share = z.number().gt(0).max(1).default(1).describe('Probability of a line, 0.05 for 5 %. Default: 1, all of it.');

const grammar = z
  .strictObject({
    vocabulary: z.int().min(50).max(100_000).default(600).describe('Words of the language.'),
    zipf: z.number().gt(0).max(4).default(1.1).describe("Exponent of the words' Zipf law; larger: a thinner tail."),
    sentences: z
      .strictObject({
        train: z.int().min(1).max(1e7).default(4000),
        valid: z.int().min(1).max(1e7).default(500),
        test: z.int().min(1).max(1e7).default(500),
      })
      .prefault({})
      .describe('Sentences of each split.'),
    seed: z
      .int()
      .min(0)
      .max(LAST_SEED)
      .default(1)
      .describe("Seed of the language and its text; the experiment's seeds do not change it."),
  })
  .describe('The synthetic language behind grammar:zipf; its true word distribution is known exactly.');

const template = z
  .union([
    z.enum(TEMPLATE_NAMES),
    z.strictObject({
      format: z
        .string()
        .min(1)
        .describe('Text with {instruction}, {input}, {output} … in the places of the fields; {{ and }}: braces.'),
      noInputFormat: z.string().min(1).optional().describe('In place of format for records whose input is missing or empty.'),
    }),
  ])
  .describe(
    'Makes prompt and answer of records (data sources are .jsonl files then): what stands before {output} is the prompt, which generations continue.',
  );

const data = z.strictObject({
  train: textSource.describe(
    'Real training text: file:PATH (relative to this file), hf://OWNER/NAME/CONFIG@REVISION or grammar:zipf.',
  ),
  valid: textSource
    .optional()
    .describe("Real validation text. Default for hf and grammar sources: train's source, split `validation`."),
  test: textSource.optional().describe("Real test text. Default for hf and grammar sources: train's source, split `test`."),
  grammar: grammar.optional(),
  block: z.int().min(2).max(8192).describe('Tokens a block: the unit of training, prompting and mixing.'),
  packing: z
    .enum(['bos-line', 'records'])
    .optional()
    .describe(
      'How lines become rows. bos-line: </s> before every line, lines concatenated, cut into blocks, remainder dropped. records: each line a JSON object, by `template` a row of its own, left out where it is longer than a block. Default: bos-line, with a template records.',
    ),
  template: template.optional(),
  limit: z
    .strictObject({ train: blocks.optional(), valid: blocks.optional(), test: blocks.optional() })
    .default({})
    .describe('At most so many blocks of each split.'),
  subset: z
    .strictObject({
      train: share,
      valid: share,
      test: share,
      seed: z.int().min(0).max(LAST_SEED).default(1).describe("Seed of the lot; the experiment's seeds do not change it."),
    })
    .optional()
    .describe('A part of each split in place of all of it: each line (with a template each record) is in it by lot.'),
});

const tokenizer = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('bpe').describe('A byte-level BPE trained on data.train.'),
      vocabulary: z.int().min(259).max(262_144).describe('Entries, of which 256 bytes and 3 special tokens.'),
    }),
    z.strictObject({ kind: z.literal('base').describe("The base checkpoint's own tokenizer.json.") }),
  ])
  .describe('Default with a checkpoint: its own.');

const architecture = z.strictObject({
  kind: z.enum(['opt']).default('opt').describe('OPT: pre-LN decoder, ReLU, learned positions, tied embeddings.'),
  hidden: z.int().min(8).max(16_384),
  layers: z.int().min(1).max(200),
  heads: z.int().min(1).max(256).describe('Must divide hidden.'),
  ffn: z.int().min(8).max(65_536).optional().describe('Inner width of the feed-forward layers. Default: 4 x hidden.'),
  positions: z
    .int()
    .min(4)
    .max(65_536)
    .optional()
    .describe('Longest sequence. Default: as many as the longest prompt and decoding.maxNewTokens need.'),
});

const base = z
  .union([
    modelSource,
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('scratch'),
        architecture: architecture.optional(),
        config: z
          .looseObject({ model_type: z.enum(modelTypes()) })
          .optional()
          .describe('In place of architecture: a config.json of any known model_type, without vocabulary and token ids.'),
      }),
      z.strictObject({
        kind: z.literal('checkpoint'),
        source: modelSource,
        quantize: z
          .enum(['8bit', '4bit', 'fp16'])
          .optional()
          .describe(
            'Keep its matrices in fewer bits. They are then frozen: training.lora is needed, and adapters stay beside them.',
          ),
      }),
    ]),
  ])
  .describe(
    'Where generation 0 starts: a checkpoint (file:FOLDER in the layout of Hugging Face, file:MODEL.gguf or hf://OWNER/NAME@REVISION) or fresh weights.',
  );

type OptimizerFields = { [K in keyof OptimizerSettings]: z.ZodOptional<z.ZodType<OptimizerSettings[K]>> };

/** Each setting of an optimiser as a field; what is said of it by each that has it. */
const optimizerSettings = Object.fromEntries(
  OPTIMIZER_SETTINGS.map((name) => {
    const rows = optimizersWith(name).map((optimizer) => [optimizer, Object.fromEntries(settingsOf(optimizer))[name]] as const);
    const words = rows.map(([optimizer, row]) => `With ${optimizer}: ${row.help}. Default: ${JSON.stringify(row.default)}.`);
    return [name, rows[0][1].schema.optional().describe(words.join(' '))];
  }),
) as OptimizerFields;

export const optimizerFields = {
  optimizer: z.enum(OPTIMIZER_NAMES).optional().describe(`What takes the steps. Default: ${DEFAULT_OPTIMIZER}.`),
  ...optimizerSettings,
};

/** Each setting stands beside the code that it concerns; what is said here concerns the rows. */
export const trainingFields = {
  ...scheduleFields,
  ...optimizerFields,
  ...stepFields,
  ...selectionFields,
  lora: z
    .strictObject({
      rank: z.int().min(1).max(4096),
      alpha: z.number().gt(0).max(1e6).describe('The adapter is scaled by alpha / rank.'),
      dropout: z.number().min(0).lt(1).default(0).describe("Share of the adapter's inputs dropped while training."),
      targets: z
        .array(z.string().min(1))
        .min(1)
        .describe('Linear modules by their last name, such as q_proj and v_proj (GPT-2: c_attn); or all-linear.'),
    })
    .nullable()
    .optional()
    .describe('Train a LoRA adapter instead of all weights; it is merged into the model afterwards. null: train all weights.'),
  lossOn: z
    .enum(['answer', 'all'])
    .optional()
    .describe("With data.template only: train on the answer's tokens, the default, or on the prompt's too; so are perplexities."),
  packing: z
    .boolean()
    .optional()
    .describe(
      'With data.template only: join the records and cut them into rows of data.block tokens. Default: one a row, padded.',
    ),
};

/** Complete training settings; also applied to generation 0 after inheritance. */
export const trainingSchema = z.strictObject(trainingFields);

/** Generation 0's training settings: any of the fields, without their defaults. */
export function inheriting<T extends z.ZodRawShape>(fields: T) {
  return z
    .strictObject(
      Object.fromEntries(
        Object.entries(fields).map(([key, field]) => [
          key,
          (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : (field as z.ZodType)).optional(),
        ]),
      ) as { [K in keyof T]: z.ZodOptional<T[K] extends z.ZodDefault<infer U extends z.ZodType> ? U : T[K]> },
    )
    .describe("Generation 0's training where it differs from `training`; what is not said here is inherited.");
}
const generation0 = inheriting(trainingFields);

type DecodingFields = { [K in keyof typeof DECODING_SETTINGS]: z.ZodOptional<(typeof DECODING_SETTINGS)[K]['schema']> };

const TRAIT_WORDS = {
  beams: 'With beams only: ',
  sampling: 'With sampling only: ',
  single: 'With strategies greedy and sample only: ',
};

/** Each setting of the engine as a field. */
const decodingFields = Object.fromEntries(
  DECODING_ROWS.map(([name, { schema, help, only, off }]) => {
    const sentence = `${only ? TRAIT_WORDS[only] : ''}${help}. Default: ${JSON.stringify(off)}.`;
    return [name, schema.optional().describe(sentence[0].toUpperCase() + sentence.slice(1))];
  }),
) as DecodingFields;

const decoding = z.strictObject({
  strategy: z.enum(STRATEGY_NAMES),
  maxNewTokens: z.int().min(2).max(8192).optional().describe('Default: data.block.'),
  minNewTokens: z
    .int()
    .min(2)
    .max(8192)
    .optional()
    .describe(
      '</s> cannot be written before; a block of one token would teach nothing, hence 2 at least. Default: maxNewTokens.',
    ),
  ...decodingFields,
  batch: z
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe('Prompts decoded together. May change rounding, so it counts as a setting of the experiment.'),
});

/** One member of the population as the file says it, and as a condition's override makes it. */
export const memberSchema = z.strictObject({
  name,
  family: z.enum(['language-model']).default('language-model'),
  base,
  tokenizer: tokenizer.optional(),
  start: z
    .enum(['base', 'generation-0', 'previous'])
    .describe('What generation t >= 1 starts from: the base (from scratch: fresh weights), model 0, or model t-1.'),
  training: trainingSchema,
  generation0: generation0.default({}),
  decoding,
  postprocess: operatorsSchema('Operators on what the member has written, in this order, before it joins the pool.').optional(),
  prompts: z
    .enum(['original', 'previous'])
    .describe('What is continued: the real blocks of generation 0, or the blocks that model t was trained on.'),
  execution: memberExecution,
  sample: sampleSchema.optional().describe(sampleWords),
  mixture: mixtureSchema.optional().describe(memberMixtureWords),
});

const changes = {
  mixture: mixtureSchema.optional().describe('Of the members that have none of their own: {kind: …}, or a list of terms.'),
  override: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .optional()
    .describe('Member name -> settings that differ under this condition, merged deeply; an object of another `kind` replaces.'),
};

const phase = z.strictObject({
  from: z
    .int()
    .min(1)
    .max(10_000)
    .describe('The first generation that it holds for; it holds until another phase says otherwise.'),
  mixture: changes.mixture.describe('In place of the condition’s mixture.'),
  override: changes.override.describe('Member name -> settings that differ from then on, merged into those before.'),
});

export const condition = z.strictObject({
  name,
  ...changes,
  phases: z
    .array(phase)
    .min(1)
    .max(100)
    .optional()
    .describe('What changes from a generation on, in the order of generations. Earlier generations are as without.'),
});

/** What may be measured, of some of the metrics. */
export const metricSchema = (names: readonly [string, ...string[]]) =>
  z
    .union([
      z.enum(names),
      z.strictObject({
        name: z.enum(names),
        variant: z.string().optional(),
        settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
      }),
    ])
    .describe('A name, or {name, settings}. `habsburg metrics` lists them.');

export const experimentSchema = z
  .strictObject({
    schemaVersion: z.literal(SCHEMA_VERSION).describe('Version of this file format.'),
    name: name.describe("The experiment's id."),
    title: z.string().max(300).optional(),
    seeds: z.array(seed).min(1).max(1000).describe('One run per condition and seed.'),
    generations: z
      .int()
      .min(0)
      .max(10_000)
      .describe('The last generation: 0 fits real data, 1 … generations train on what their mixture draws.'),
    data,
    sources: sourceClaims,
    tokenizer: tokenizer.optional(),
    population: z.array(memberSchema).min(1).max(100).describe('The models that take part.'),
    conditions: z.array(condition).min(1).max(1000),
    metrics: z.array(metricSchema(TEXT_METRIC_NAMES)).min(1).optional().describe('Default: every metric that the data allows.'),
    execution: engineExecution.prefault({}),
  })
  .meta({
    id: 'habsburg-experiment',
    title: 'Habsburg experiment',
    description: 'A model-collapse experiment: conditions x seeds, each a chain of generations.',
  });

/** An experiment file after zod: types right, defaults in, members not yet resolved. */
export type ExperimentDocument = z.output<typeof experimentSchema>;
export type MemberDocument = z.output<typeof memberSchema>;
export type TrainingDocument = z.output<typeof trainingSchema>;
