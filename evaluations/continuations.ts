/** What real text says where a model wrote: the reference of each written record. */
import type { Texts } from './types.js';

/**
 * A list a written record: what should have been written, or nothing where nobody knows. Of a record with a template's prompt, the real answer
 * to it; of a block of running text, the block that follows the prompt, where that is among the prompts, too. What a model wrote is no reference.
 */
export function continuations(generated: Texts, prompts: Texts): string[][] {
  const at = new Map(prompts.ids.map((id, i) => [id, i]));
  return generated.ids.map((_, written) => {
    const i = at.get(generated.prompts?.[written] ?? '');
    if (i === undefined || !isReal(prompts, i)) return [];
    if (prompts.openings?.[i] !== undefined) return [prompts.texts[i]];
    const next = at.get(following(prompts.ids[i]));
    return next === undefined || !isReal(prompts, next) ? [] : [prompts.texts[next]];
  });
}

const isReal = (texts: Texts, i: number): boolean => texts.written?.[i] !== true;

/** Real records are numbered in the order of their text: train/000012 is followed by train/000013. */
function following(id: string): string {
  const [, name, number] = /^(.*\/)(\d+)$/.exec(id) ?? [];
  return number === undefined ? '' : `${name}${String(Number(number) + 1).padStart(number.length, '0')}`;
}
