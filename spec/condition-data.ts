/** Conditions whose real texts are others than the experiment's: what they say stands in place of what `data` says, the rest stays. */
import type { z } from 'zod';
import { text } from '../kinds/text/declare.js';
import type { TextDataPlan } from '../kinds/text/plan.js';
import { textData, type TextDocument } from '../kinds/text/schema.js';
import type { FileWords } from '../kinds/types.js';
import type { Path, Problem } from './problems.js';

const { train, valid, test, limit, subset } = textData.shape;

/** What a condition may say of its data: not how long a block is, nor what a record looks like, which its members share. */
export const conditionDataSchema = textData
  .pick({})
  .extend({ train: train.optional(), valid, test, limit: limit.removeDefault().optional(), subset })
  .optional()
  .describe(
    'Real texts of this condition, in place of those of `data`: train, valid, test, limit or subset; what it does not say is as there. Its models are measured on its own test set, and a tokenizer that is trained is trained on its own text.',
  );

type ConditionData = NonNullable<z.output<typeof conditionDataSchema>>;

/** The texts of each condition that says something of them, and what is wrong. @param words of the file's own texts; undefined: it has none */
export function conditionTexts(
  conditions: readonly { readonly data?: ConditionData | undefined }[],
  words: TextDocument | undefined,
  file: FileWords,
): { readonly plans: readonly (TextDataPlan | undefined)[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const plans = conditions.map(({ data }, c): TextDataPlan | undefined => {
    if (data === undefined) return undefined;
    const at: Path = ['conditions', c, 'data'];
    if (words === undefined) {
      problems.push({ path: at, atKey: true, message: 'a condition has texts of its own where members learn from texts, and no member of this file is a language model', suggestion: 'remove it' }); // prettier-ignore
      return undefined;
    }
    const own = { ...words, ...data, limit: { ...words.limit, ...data.limit } };
    const wrong = text.checkFile({ ...file, metrics: [] }, own, at).filter(({ path }) => path[0] === 'conditions');
    problems.push(...wrong);
    return wrong.length === 0 ? text.dataPlan(own) : undefined;
  });
  return { plans, problems };
}
