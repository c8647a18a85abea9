/** Texts and language models in words. */
import { decodingWords } from '../../engine/generate/decoding.js';
import { lossWords } from '../../engine/train/losses/index.js';
import { optimizerWords } from '../../engine/train/optimizers/index.js';
import { sourceName } from '../../spec/digest.js';
import { sampleWords, sampled, startWords, type Words } from '../phrases.js';
import { configWords } from './architectures.js';
import type { LanguageModelPlan, TextDataPlan } from './plan.js';

const SPLITS = ['train', 'valid', 'test'] as const;

export const textWords: Words<LanguageModelPlan, TextDataPlan> = {
  sentence({ base, start, training, decoding, sample }, data) {
    const model =
      base.kind === 'scratch'
        ? `a language model trained from scratch, ${configWords(base.config)},`
        : `the language model ${sourceName(base.source)}`;
    return (
      `Generation 0 fits ${model} to ${sampled(sample, 'blocks')}real text (${sourceName(data!.train)}). Each later generation starts from ${startWords(start, 'the base model')}, ` +
      `trains${training.optimizer === undefined ? '' : ` by ${optimizerWords(training)}`}${training.loss === undefined ? '' : ` by ${lossWords(training.loss)}`} on what its mixture draws of real and written text, and writes more (${decodingWords(decoding).join(', ')}).`
    );
  },
  brief({ base, start, training, decoding, prompts, sample, mixes }) {
    const model = base.kind === 'checkpoint' ? base.source : `${configWords(base.config)} from scratch`;
    const trains = training.optimizer === undefined ? '' : `trains by ${optimizerWords(training)}, `;
    const { minNewTokens, maxNewTokens } = decoding;
    const length = minNewTokens === maxNewTokens ? `${maxNewTokens}` : `${minNewTokens} to ${maxNewTokens}`;
    return `${model}; starts from ${startWords(start, 'its base')}, ${trains}writes ${length} tokens a block (${decodingWords(decoding).join(', ')}), ${prompts === 'none' ? 'no prompts' : `prompts: ${prompts}`}${mixes ? `, mixes ${mixes.join(' and ')}, too` : ''}${sampleWords(sample)}`;
  },
  data: (data) => ({
    head: `data, ${data.block} tokens a block`,
    splits: SPLITS.map((split) => {
      const part = data.subset === undefined || data.subset[split] === 1 ? '' : `, ${Number((100 * data.subset[split]).toPrecision(6))} % of its lines by seed ${data.subset.seed}`; // prettier-ignore
      return [
        split,
        `${data[split]}${heldWords(data, split)}${part}${data.limit[split] === undefined ? '' : `, at most ${data.limit[split]} blocks`}`,
      ];
    }),
    prepared: 'text, tokenizer, blocks',
  }),
};

/** What of a source a split is, where the text is divided. */
function heldWords({ heldOut }: TextDataPlan, split: (typeof SPLITS)[number]): string {
  if (heldOut === undefined) return '';
  if (split === 'train') return ', but for what is held out';
  const share = heldOut[split];
  if (share === undefined) return '';
  const part = `${Number((100 * share).toPrecision(6))} %`;
  return heldOut.seed === undefined ? `, ${part} of it held out` : `, ${part} of its records held out by seed ${heldOut.seed}`;
}
