/** tokenizer.json's post-processors, of which one thing concerns a model: the tokens that are put around a text. */
import { damaged, Fields, tokenId, unsupported } from './fields.js';

/** Ids before and behind a text of its own. */
export interface Around {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

const NOTHING: Around = { prefix: [], suffix: [] };

export function readAround(value: unknown, where: string): Around {
  if (value === null || value === undefined) return NOTHING;
  const step = new Fields(value, where);
  switch (step.raw('type')) {
    case 'ByteLevel': // says where tokens are in the text
      return NOTHING;
    case 'Sequence':
      // a later processor puts its tokens outside of those of an earlier one
      return step
        .list('processors')
        .map((inner, i) => readAround(inner, `${where}.processors.${i}`))
        .reduce(({ prefix, suffix }, outer) => ({ prefix: [...outer.prefix, ...prefix], suffix: [...suffix, ...outer.suffix] }), NOTHING); // prettier-ignore
    case 'TemplateProcessing':
      return template(step);
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { prefix: [tokenId(step.list('cls')[1], `${where}.cls`)], suffix: [tokenId(step.list('sep')[1], `${where}.sep`)] };
    default:
      return unsupported(step, 'a post-processor of type');
  }
}

function template(step: Fields): Around {
  const specials = step.object('special_tokens');
  const sides: { prefix: number[]; suffix: number[] } = { prefix: [], suffix: [] };
  let side: keyof Around = 'prefix';
  for (const [i, value] of step.list('single').entries()) {
    const part = new Fields(value, `${step.where}.single.${i}`);
    const special = part.raw('SpecialToken');
    if (special === undefined) {
      if (part.raw('Sequence') === undefined) throw damaged(`${part.where} is neither a SpecialToken nor a Sequence`);
      side = 'suffix';
      continue;
    }
    const name = new Fields(special, part.where).string('id');
    for (const id of specials.object(name).list('ids')) sides[side].push(tokenId(id, `${step.where}.special_tokens.${name}`));
  }
  return sides;
}
