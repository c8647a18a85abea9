/** The grammar of language models and the texts that they learn from. */
import { z } from 'zod';
import { MODEL_SOURCE } from '../../common/model-source.js';
import { guidance } from '../../engine/generate/guidance.js';
import { loraSchema } from '../../engine/adapters/settings.js';
import { PRECISIONS } from '../../engine/checkpoint/precision.js';
import { DECODING_ROWS, STRATEGY_NAMES, type DECODING_SETTINGS } from '../../engine/generate/decoding.js';
import { modelTypes } from '../../engine/models/index.js';
import { optimizerFields } from '../../engine/train/optimizers/fields.js';
import { scheduleFields } from '../../engine/train/schedule.js';
import { lossFields, selectionFields, stepFields } from '../../engine/train/settings.js';
import { memberMixtureWords, mixtureSchema, sampleSchema, sampleWords } from '../../spec/mixture-schema.js';
import { operatorsSchema } from '../../spec/operators.js';
import { REAL_TEXT } from '../../spec/real-text.js';
import { LAST_SEED, memberExecution, name } from '../../spec/shared.js';
import { inheriting } from '../../spec/training.js';
import { TEMPLATE_NAMES } from './templates.js';

export const textSource = z
  .string()
  .regex(
    /^(file:.+|hf:\/\/[\w.-]+\/[\w.-]+(\/[\w.-]+)?@[\w./-]+(#[\w.-]+)?|grammar:zipf)$/,
    'must be file:PATH, hf://OWNER/NAME/CONFIG@REVISION, hf://OWNER/NAME/CONFIG@REVISION#SPLIT or grammar:zipf',
  );
const modelSource = z.string().regex(MODEL_SOURCE, 'must be file:FOLDER, file:MODEL.gguf or hf://OWNER/NAME@REVISION');

const blocks = z.int().min(1).max(1e9);
const heldOutShare = z.number().gt(0).lt(1);
const share = z.number().gt(0).max(1).default(1).describe('Probability of a line, 0.05 for 5 %. Default: 1, all of it.');

export const grammar = z
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
    'Makes prompt and answer of records (data sources are .jsonl or .parquet files or datasets of the Hub then): what stands before {output} is the prompt, which generations continue.',
  );

export const textData = z.strictObject({
  train: textSource.describe(
    'Real training text: file:PATH (relative to this file), hf://OWNER/NAME/CONFIG@REVISION or grammar:zipf.',
  ),
  valid: textSource
    .optional()
    .describe("Real validation text. Default for hf and grammar sources: train's source, split `validation`."),
  test: textSource.optional().describe("Real test text. Default for hf and grammar sources: train's source, split `test`."),
  heldOut: z
    .strictObject({
      valid: heldOutShare.optional(),
      test: heldOutShare.optional(),
      seed: z
        .int()
        .min(0)
        .max(LAST_SEED)
        .optional()
        .describe('With data.template: seed of the lot that each record draws. Default: 1.'),
    })
    .optional()
    .describe(
      'Shares of train that are validation and test set, where these have no source of their own: of running text its last lines, of records (data.template) each by lot.',
    ),
  grammar: grammar.optional(),
  block: z.int().min(2).max(8192).describe('Tokens a block: the unit of training, prompting and mixing.'),
  packing: z
    .enum(['bos-line', 'records'])
    .optional()
    .describe(
      'How lines become rows. bos-line: </s> before every line, lines concatenated, cut into blocks, remainder dropped. records: each line a JSON object, by `template` a row of its own, left out where it is longer than a block. Default: bos-line, with a template records.',
    ),
  template: template.optional(),
  fields: z
    .record(z.string().regex(/^\w+$/, 'must be the name of a field of the template'), z.string().min(1))
    .optional()
    .describe(
      'With data.template: in which column, or where in a record, a field is that does not stand under its own name: {input: article, output: answers.text[0]}.',
    ),
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

export const tokenizer = z
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
          .enum(PRECISIONS)
          .optional()
          .describe(
            'Keep its matrices in fewer bits (8bit, 4bit, fp16), or round them as bitsandbytes does (nf4, nf4-double, llm-int8). They are then frozen: training.lora is needed, and adapters stay beside them.',
          ),
      }),
    ]),
  ])
  .describe(
    'Where generation 0 starts: a checkpoint (file:FOLDER in the layout of Hugging Face, file:MODEL.gguf or hf://OWNER/NAME@REVISION) or fresh weights.',
  );

/** Each setting stands beside the code that it concerns; what is said here concerns the rows. */
const trainingFields = {
  ...scheduleFields,
  ...optimizerFields,
  ...stepFields,
  ...selectionFields,
  ...lossFields,
  lora: loraSchema
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

const trainingSchema = z.strictObject(trainingFields);

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
  maxNewTokens: z
    .int()
    .min(2)
    .max(8192)
    .optional()
    .describe('Default: data.block; with prompts: none one less, since a text then begins with the start token.'),
  minNewTokens: z
    .int()
    .min(2)
    .max(8192)
    .optional()
    .describe(
      '</s> cannot be written before; a block of one token would teach nothing, hence 2 at least. Default: maxNewTokens.',
    ),
  ...decodingFields,
  guidance: guidance
    .optional()
    .describe('Writes with two models from generation 1 on, its own and an earlier one: (1 + weight) s - weight s′.'),
  batch: z
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe('Prompts decoded together. May change rounding, so it counts as a setting of the experiment.'),
});

/** A member as the file says it, and as a condition's override makes it. */
export const languageModel = z.strictObject({
  name,
  family: z.literal('language-model').default('language-model').describe('A decoder of text, such as OPT or Llama.'),
  base,
  tokenizer: tokenizer.optional(),
  start: z
    .enum(['base', 'generation-0', 'previous'])
    .describe('What generation t >= 1 starts from: the base (from scratch: fresh weights), model 0, or model t-1.'),
  training: trainingSchema,
  generation0: generation0.default({}),
  decoding,
  writes: z
    .literal(REAL_TEXT)
    .optional()
    .describe(
      'real-text: no model; the real records that model 0 would have trained on stand in place of what it would have written, for conditions of generation 0 alone. Absent: what its model writes.',
    ),
  postprocess: operatorsSchema('Operators on what the member has written, in this order, before it joins the pool.').optional(),
  prompts: z
    .enum(['original', 'previous', 'none'])
    .describe(
      'What is continued: the real blocks of generation 0, or the blocks that model t was trained on; none: every text is written from the start token alone, and begins with it.',
    ),
  execution: memberExecution,
  sample: sampleSchema.optional().describe(sampleWords),
  mixture: mixtureSchema.optional().describe(memberMixtureWords),
  mixes: z
    .array(z.enum(['train', 'valid', 'test']))
    .min(1)
    .refine((splits) => splits.includes('train') && new Set(splits).size === splits.length, 'must name train, and no split twice')
    .optional()
    .describe(
      'Splits that hold the mixture: [train] by default. With valid and test its writers also continue the prompts of these splits, and its epochs are selected on mixed records (Stein’s protocol).',
    ),
});

export type TextDocument = z.output<typeof textData>;
export type TokenizerDocument = z.output<typeof tokenizer>;
export type LanguageModelDocument = z.output<typeof languageModel>;
export type TrainingDocument = z.output<typeof trainingSchema>;
