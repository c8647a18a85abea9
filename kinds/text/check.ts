/** How texts and language models fit together, where the schema cannot see it. */
import { nearest } from '../../spec/suggest.js';
import { unknownKey, type Path, type Problem } from '../../spec/problems.js';
import { TOKENIZER_FIELDS, readConfig, sizeFieldsOf, type ConfigPlan } from './architectures.js';
import { needsTruth } from '../../spec/metrics.js';
import { DECODING_ROWS, STRATEGIES_WITH, STRATEGY_NAMES, type DecodingPlan } from '../../engine/generate/decoding.js';
import type { LanguageModelPlan, TextDataPlan } from './plan.js';
import { checkRealTextMember } from './real-text.js';
import type { MetricDocument } from '../../spec/metric-plans.js';
import { needsOf } from '../../spec/operator-plan.js';
import { checkStages } from '../../spec/training.js';
import type { LanguageModelDocument, TextDocument, TokenizerDocument } from './schema.js';
import { fieldsOf, parseFieldPath, parseTemplate, TEMPLATES } from './templates.js';

/** @returns problems with paths inside the data */
export function checkText(data: TextDocument): Problem[] {
  const problems: Problem[] = [];
  for (const split of ['valid', 'test'] as const) {
    if (data[split] === undefined && data.heldOut?.[split] === undefined && data.train.startsWith('file:')) {
      problems.push({
        path: [split],
        message: `is required, because data.train is a file`,
        suggestion: `add ${split}: file:PATH of held-out text, or heldOut: {${split}: 0.05}`,
      });
    }
  }
  const all = [data.train, data.valid ?? data.train, data.test ?? data.train];
  const synthetic = all.filter((s) => s.startsWith('grammar:')).length;
  if (synthetic > 0 && synthetic < 3) {
    const split = (['train', 'valid', 'test'] as const)[all.findIndex((s) => !s.startsWith('grammar:'))];
    problems.push({
      path: [split],
      message: 'mixes real text with the synthetic language of the other splits',
      suggestion: 'give train, valid and test the same kind of source',
    });
  }
  problems.push(...checkTemplate(data), ...checkHeldOut(data));
  if (data.grammar !== undefined && synthetic === 0) {
    problems.push({
      path: ['grammar'],
      atKey: true,
      message: 'has no effect, because no source is grammar:zipf',
      suggestion: 'remove it',
    });
  }
  return problems;
}

function checkHeldOut({ heldOut, template, ...data }: TextDocument): Problem[] {
  if (heldOut === undefined) return [];
  const path = ['heldOut'];
  if (data.train.startsWith('grammar:'))
    return [
      { path, atKey: true, message: 'has no effect: a synthetic language writes each split anew', suggestion: 'remove it' },
    ];
  const problems: Problem[] = [];
  for (const split of ['valid', 'test'] as const)
    if (heldOut[split] !== undefined && data[split] !== undefined)
      problems.push({ path: [...path, split], atKey: true, message: `"${split}" has no effect, because data.${split} is a text of its own`, suggestion: 'remove one of the two' }); // prettier-ignore
  const sum = (heldOut.valid ?? 0) + (heldOut.test ?? 0);
  if (sum === 0) problems.push({ path, message: 'holds out nothing', suggestion: 'write heldOut: {valid: 0.05, test: 0.05}, or remove it' }); // prettier-ignore
  if (sum >= 1)
    problems.push({ path, message: `holds out ${Number((100 * sum).toPrecision(4))} % of the text, so that none is left to train on`, suggestion: 'use smaller shares' }); // prettier-ignore
  if (heldOut.seed !== undefined && template === undefined)
    problems.push({ path: [...path, 'seed'], atKey: true, message: '"seed" has no effect: of running text the last lines are held out', suggestion: 'remove it' }); // prettier-ignore
  return problems;
}

function checkTemplate(data: TextDocument): Problem[] {
  const { template, packing, fields } = data;
  if (template === undefined) {
    if (fields !== undefined)
      return [{ path: ['fields'], atKey: true, message: '"fields" has no effect without data.template', suggestion: 'add data.template, or remove it' }]; // prettier-ignore
    if (packing !== 'records') return [];
    return [{ path: ['packing'], message: 'records need a template', suggestion: 'add data.template: alpaca' }];
  }
  const problems: Problem[] = [];
  if (packing === 'bos-line')
    problems.push({ path: ['packing'], message: 'packs lines of text, not records', suggestion: 'remove it or data.template' }); // prettier-ignore
  for (const split of ['train', 'valid', 'test'] as const)
    if (data[split]?.startsWith('grammar:'))
      problems.push({
        path: [split],
        message: 'is a text, and data.template makes rows of records',
        suggestion: 'use file:PATH of a .jsonl or .parquet file, or hf://OWNER/NAME/CONFIG@REVISION',
      });
  if (typeof template === 'object')
    for (const [key, format] of Object.entries(template)) {
      const parsed = parseTemplate(format as string);
      if ('problem' in parsed) problems.push({ path: ['template', key], message: parsed.problem });
    }
  problems.push(...checkFields(fields, fieldsOf(typeof template === 'string' ? TEMPLATES[template] : template)));
  return problems;
}

function checkFields(fields: TextDocument['fields'] = {}, known: readonly string[]): Problem[] {
  return Object.entries(fields).flatMap(([name, path]): Problem[] => {
    if (!known.includes(name)) {
      const guess = nearest(name, known);
      return [{ path: ['fields', name], atKey: true, message: `the template has no {${name}}`, suggestion: guess ? `did you mean ${guess}?` : `it has ${known.join(', ')}` }]; // prettier-ignore
    }
    if (parseFieldPath(path) !== undefined) return [];
    return [{ path: ['fields', name], message: `${JSON.stringify(path)} is no place in a record`, suggestion: 'write a name, or names and numbers: answers.text[0]' }]; // prettier-ignore
  });
}

/** The file's tokenizer is that of the members from scratch which have none of their own. */
export function checkTokenizer(shared: TokenizerDocument | undefined, members: readonly LanguageModelDocument[]): Problem[] {
  const without = members.filter(({ base, tokenizer }) => isScratch(base) && tokenizer === undefined);
  if (shared === undefined) {
    return without.length > 0
      ? [
          {
            path: ['tokenizer'],
            message: 'is required for a model trained from scratch',
            suggestion: 'add tokenizer: {kind: bpe, vocabulary: 4096}',
          },
        ]
      : [];
  }
  if (shared.kind === 'base' && without.length > 0) {
    return [
      {
        path: ['tokenizer', 'kind'],
        message: 'a model from scratch has no tokenizer of its own',
        suggestion: 'use {kind: bpe, vocabulary: 4096}',
      },
    ];
  }
  if (shared.kind === 'bpe' && !members.some(({ base }) => isScratch(base))) {
    return [
      {
        path: ['tokenizer', 'kind'],
        message: 'a checkpoint reads text only through its own tokenizer',
        suggestion: 'use {kind: base}, or remove tokenizer',
      },
    ];
  }
  return [];
}

function isScratch(base: LanguageModelDocument['base']): boolean {
  return typeof base === 'object' && base.kind === 'scratch';
}

/**
 * Checks of a resolved member. `given` says whether the file itself sets a path of the member (relative to it), so that a
 * default is never blamed.
 */
export function checkMember(member: LanguageModelPlan, data: TextDataPlan, given: (path: Path) => boolean): Problem[] {
  const problems: Problem[] = [...checkStages(member, given), ...checkDecoding(member.decoding, given)];
  if (member.base.kind === 'checkpoint' && member.base.quantize !== undefined) {
    for (const phase of ['training', 'generation0'] as const)
      if (!member[phase].lora && (phase === 'training' || given(['generation0', 'lora'])))
        problems.push({
          path: phase === 'training' ? ['base', 'quantize'] : ['generation0', 'lora'],
          message: 'the weights of a quantised base are frozen, and this trains all weights',
          suggestion: `give ${phase}.lora`,
        });
  }
  if (member.sample && member.sample.growth > 0 && !STRATEGIES_WITH.sampling.includes(member.decoding.strategy))
    problems.push({
      path: ['sample', 'growth'],
      message: `a growing set asks for more than one continuation of a prompt, and strategy: ${member.decoding.strategy} writes the same each time`,
      suggestion: 'use strategy: sample, or remove growth',
    });
  if (member.prompts === 'none') problems.push(...checkUnprompted(member, data));
  problems.push(...checkCandidates(member), ...checkRealTextMember(member, data));
  if (data.template === undefined)
    for (const stage of ['training', 'generation0'] as const)
      for (const key of ['lossOn', 'packing'] as const)
        if (given([stage, key]))
          problems.push({
            path: [stage, key],
            atKey: true,
            message: `"${key}" has no effect without data.template`,
            suggestion: 'add data.template, or remove it',
          });
  if (member.tokenizer.kind === 'base' && member.base.kind === 'scratch' && given(['tokenizer']))
    problems.push({ path: ['tokenizer', 'kind'], message: 'a model from scratch has no tokenizer of its own', suggestion: 'use {kind: bpe, vocabulary: 4096}' }); // prettier-ignore
  if (member.tokenizer.kind === 'bpe' && member.base.kind === 'checkpoint')
    problems.push({ path: ['tokenizer', 'kind'], message: 'a checkpoint reads text only through its own tokenizer', suggestion: 'use {kind: base}, or remove tokenizer' }); // prettier-ignore
  if (member.base.kind === 'scratch') problems.push(...checkScratch(member, member.base.config, data, given));
  return problems;
}

/** Several continuations of each prompt, and operators that choose among them. */
function checkCandidates({ decoding, postprocess = [], prompts, sample }: LanguageModelPlan): Problem[] {
  const several = decoding.numReturnSequences !== undefined;
  const chooser = postprocess.findIndex((operator) => needsOf([operator]).candidates);
  if (chooser >= 0 && !several)
    return [{ path: ['postprocess', chooser], message: `${postprocess[chooser].name} chooses among several texts of a prompt, and there is one`, suggestion: 'give decoding.numReturnSequences' }]; // prettier-ignore
  if (several && prompts === 'previous' && sample === undefined && chooser < 0)
    return [{ path: ['decoding', 'numReturnSequences'], message: `what is written is continued, and would be ${decoding.numReturnSequences} times as much with each generation`, suggestion: 'use prompts: original, give the member a sample, or postprocess: [{curate: {…}}]' }]; // prettier-ignore
  return [];
}

/** What is written from the start token alone. */
function checkUnprompted({ decoding, postprocess = [] }: LanguageModelPlan, data: TextDataPlan): Problem[] {
  const problems: Problem[] = [];
  if (data.template !== undefined)
    problems.push({ path: ['prompts'], message: 'none writes no answers, and data.template makes rows of prompts and answers', suggestion: 'use prompts: original' }); // prettier-ignore
  if (!STRATEGIES_WITH.sampling.includes(decoding.strategy))
    problems.push({ path: ['prompts'], message: `none has every text begin alike, and strategy: ${decoding.strategy} goes on alike, too`, suggestion: 'use strategy: sample' }); // prettier-ignore
  postprocess.forEach((operator, i) => {
    if (needsOf([operator]).prompts)
      problems.push({ path: ['postprocess', i], message: `${operator.name} compares with prompts, and there are none`, suggestion: 'remove it' }); // prettier-ignore
  });
  return problems;
}

/** A model from fresh weights: the fields of its config are those that the engine obeys, and mean something to it. */
function checkScratch(
  member: LanguageModelPlan,
  config: ConfigPlan,
  data: TextDataPlan,
  given: (path: Path) => boolean,
): Problem[] {
  const problems: Problem[] = [];
  const short = given(['base', 'architecture']);
  if (short === given(['base', 'config']))
    return [{ path: ['base'], message: 'must have one of architecture and config', suggestion: 'use config: {model_type: llama, hidden_size: …}' }]; // prettier-ignore
  const fields = sizeFieldsOf(config);
  const at = (word: keyof typeof fields): Path => ['base', short ? 'architecture' : 'config', short ? word : fields[word]];
  for (const field of TOKENIZER_FIELDS.filter((name) => given(['base', 'config', name])))
    problems.push({ path: ['base', 'config', field], atKey: true, message: `"${field}" comes from the tokenizer`, suggestion: 'remove it' }); // prettier-ignore
  const [hidden, heads] = [config[fields.hidden], config[fields.heads]];
  if (typeof hidden === 'number' && typeof heads === 'number' && hidden % heads !== 0 && config.head_dim === undefined)
    problems.push({
      path: at('heads'),
      message: `${heads} heads do not divide hidden = ${hidden}`,
      suggestion: `use a divisor of ${hidden}`,
    });
  const read = short ? undefined : readConfig(config);
  if (problems.length === 0)
    for (const { field, problem, known } of read?.problems ?? []) {
      const path = ['base', 'config', ...field.split('.')];
      problems.push(problem === undefined ? unknownKey(field, path.slice(0, -1), known) : { path, message: problem });
    }
  const longest = longestSequence(member.prompts, data.block, member.decoding.maxNewTokens);
  const positions = short ? Number(config[fields.positions]) : (read?.config?.maxPositions ?? longest);
  if (positions < longest) {
    problems.push({
      path: at('positions'),
      message:
        member.prompts === 'none'
          ? `rows of ${longest} tokens do not fit into ${positions} positions`
          : `a prompt of ${longest - member.decoding.maxNewTokens} tokens and ${member.decoding.maxNewTokens} new ones do not fit into ${positions} positions`,
      // they follow from the settings of generation 0 where the file does not give them
      suggestion: given(at('positions'))
        ? `use at least ${longest}, or remove ${short ? 'positions' : fields.positions}`
        : `give the member ${at('positions').join('.')}: ${longest}`,
    });
  }
  return problems;
}

/** Tokens of the longest row: a block, or a prompt with its continuation; a prompt is a real block or, with `previous`, a written one. */
export function longestSequence(prompts: LanguageModelPlan['prompts'], block: number, maxNewTokens: number): number {
  if (prompts === 'none') return Math.max(block, 1 + maxNewTokens);
  return (prompts === 'previous' ? Math.max(block, maxNewTokens) : block) + maxNewTokens;
}

function checkDecoding(decoding: DecodingPlan, given: (path: Path) => boolean): Problem[] {
  const problems: Problem[] = [];
  for (const [key, { only }] of DECODING_ROWS) {
    const strategies = only ? STRATEGIES_WITH[only] : STRATEGY_NAMES;
    if (!strategies.includes(decoding.strategy) && given(['decoding', key])) {
      problems.push({
        path: ['decoding', key],
        atKey: true,
        message: `"${key}" has no effect with strategy: ${decoding.strategy}`,
        suggestion: `use strategy: ${strategies.join(' or ')}, or remove it`,
      });
    }
  }
  const { guidance } = decoding;
  if (guidance !== undefined) {
    if ((guidance.against === undefined) === (guidance.toward === undefined))
      problems.push({ path: ['decoding', 'guidance'], message: 'must have one of against and toward', suggestion: guidance.against === undefined ? 'add against: previous' : 'remove one of them' }); // prettier-ignore
    if (!STRATEGIES_WITH.single.includes(decoding.strategy))
      problems.push({ path: ['decoding', 'guidance'], atKey: true, message: `"guidance" is not implemented yet with strategy: ${decoding.strategy}`, suggestion: 'use strategy: greedy or sample' }); // prettier-ignore
  }
  if (!decoding.promptLookupNumTokens && given(['decoding', 'maxMatchingNgramSize'])) {
    problems.push({
      path: ['decoding', 'maxMatchingNgramSize'],
      atKey: true,
      message: '"maxMatchingNgramSize" has no effect without prompt lookup',
      suggestion: 'add promptLookupNumTokens: 10, or remove it',
    });
  }
  if (STRATEGIES_WITH.beams.includes(decoding.strategy) && !given(['decoding', 'beams'])) {
    problems.push({
      path: ['decoding', 'beams'],
      message: `is required with strategy: ${decoding.strategy}`,
      suggestion: 'add it: a whole number from 2',
    });
  }
  if (decoding.minNewTokens > decoding.maxNewTokens) {
    problems.push({
      path: ['decoding', 'minNewTokens'],
      message: `${decoding.minNewTokens} is above maxNewTokens = ${decoding.maxNewTokens}`,
    });
  }
  return problems;
}
/** Metrics that compare with what is true, of which only a synthetic language knows. */
export function checkTruth(data: { readonly train: string }, metric: MetricDocument, path: Path): Problem[] {
  const name = typeof metric === 'string' ? metric : metric.name;
  if (!needsTruth(name) || data.train.startsWith('grammar:')) return [];
  return [
    {
      path,
      message: `${name} needs a synthetic language, whose true distribution is known`,
      suggestion: 'remove it, or use data.train: grammar:zipf',
    },
  ];
}
