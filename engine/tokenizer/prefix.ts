/** tokenizer.json's post-processors, of which one thing concerns a language model: the tokens that are put before a text. */
import { damaged, Fields, tokenId, unsupported } from './fields.js';

/** @returns the ids that come before a text of its own */
export function readPrefix(value: unknown, where: string): number[] {
  if (value === null || value === undefined) return [];
  const step = new Fields(value, where);
  switch (step.raw('type')) {
    case 'ByteLevel': // says where tokens are in the text
      return [];
    case 'Sequence':
      // a later processor puts its tokens before those of an earlier one
      return step.list('processors').map((inner, i) => readPrefix(inner, `${where}.processors.${i}`)).reverse().flat(); // prettier-ignore
    case 'TemplateProcessing':
      return templatePrefix(step);
    case 'BertProcessing':
    case 'RobertaProcessing':
      return [tokenId(step.list('cls')[1], `${where}.cls`)];
    default:
      return unsupported(step, 'a post-processor of type');
  }
}

function templatePrefix(step: Fields): number[] {
  const specials = step.object('special_tokens');
  const ids: number[] = [];
  for (const [i, value] of step.list('single').entries()) {
    const part = new Fields(value, `${step.where}.single.${i}`);
    const special = part.raw('SpecialToken');
    if (special === undefined) {
      if (part.raw('Sequence') === undefined) throw damaged(`${part.where} is neither a SpecialToken nor a Sequence`);
      return ids;
    }
    const name = new Fields(special, part.where).string('id');
    for (const id of specials.object(name).list('ids')) ids.push(tokenId(id, `${step.where}.special_tokens.${name}`));
  }
  return ids;
}
