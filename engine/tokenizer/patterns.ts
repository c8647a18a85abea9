/** Patterns of a tokenizer.json: texts, or regular expressions in Oniguruma's language, and how long they may take. */
import vm from 'node:vm';
import * as library from '@huggingface/tokenizers';
import { HabsburgError } from '../../common/errors.js';
import { damaged, type Fields } from './fields.js';

/** The library translates Oniguruma's language; its types know the class by another name. */
const { SplitPreTokenizer } = library as unknown as {
  SplitPreTokenizer: new (config: object) => { readonly pattern: RegExp | null };
};

export interface Pattern {
  /** global; matches as Oniguruma would */
  readonly regex: RegExp;
  /** takes time in proportion to the text, whatever the text */
  readonly safe: boolean;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
/** The patterns of Llama 3 and Qwen2, which differ in how many digits stay together. */
export const wordsWith = (digits: string): string =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** In use everywhere, and known to take linear time on texts of any kind. */
const KNOWN: ReadonlySet<string> = new Set([
  wordsWith('\\p{N}{1,3}'),
  wordsWith('\\p{N}'),
  wordsWith('\\p{N}+'),
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  '\\p{N}{1,3}',
]);
/** One character or class, repeated or not. */
const ATOM = /^(?:\\[pP]\{\w+\}|\\[swdSWD]|\[[^\][\\&]*\]|[^\\()[\]{}|*+?])[+]?$/u;

/** `{"String": …}` or `{"Regex": …}`. */
export function readPattern(step: Fields): Pattern {
  const pattern = step.object('pattern');
  const text = pattern.raw('String');
  const source = pattern.raw('Regex');
  pattern.done();
  if (typeof text === 'string' && source === undefined) {
    if (text === '') throw damaged(`${pattern.where}.String is empty`);
    return { regex: new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gu'), safe: true };
  }
  if (typeof source !== 'string') throw damaged(`${pattern.where} has neither a String nor a Regex`);
  return { regex: compile(source, pattern.where), safe: KNOWN.has(source) || ATOM.test(source) || !/[*+?{]/.test(source) };
}

/** Another language's regular expression as one of JavaScript's. */
export function compile(source: string, where: string): RegExp {
  try {
    const split = new SplitPreTokenizer({ type: 'Split', pattern: { Regex: source }, behavior: 'Isolated', invert: false });
    if (split.pattern !== null) return split.pattern;
  } catch (cause) {
    throw new HabsburgError('invalid', `${where}: the regular expression ${JSON.stringify(source)} is not supported (${(cause as Error).message})`, { cause }); // prettier-ignore
  }
  throw damaged(`${where} has no pattern`);
}

/** Time for a text, ms: far more than any pattern needs that does not try all ways to match. */
const PATIENCE = 2_000;
const PATIENCE_PER_CHARACTER = 0.02;

const context = vm.createContext(Object.create(null) as object);
const call = new vm.Script('run()');

/**
 * What a function gives, unless a regular expression in it never comes to an end: V8 looks at the clock while it backtracks.
 * @param characters length of the text at hand
 * @throws HabsburgError `invalid`
 */
export function withinTime<T>(characters: number, where: string, run: () => T): T {
  const timeout = Math.ceil(PATIENCE + PATIENCE_PER_CHARACTER * characters);
  for (let attempt = 1; ; attempt++) {
    try {
      let result: T;
      context.run = () => void (result = run());
      call.runInContext(context, { timeout });
      return result!;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      // a process that was stopped for a while finds its time used up: once more
      if (attempt < 2) continue;
      throw new HabsburgError('invalid', `${where}: its regular expressions need more than ${timeout / 1000} s for ${characters} characters; they try all ways to match and cannot be used`); // prettier-ignore
    } finally {
      delete context.run;
    }
  }
}
