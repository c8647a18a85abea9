/** tokenizer.json's normalizers: text to text, before it is split. As in Hugging Face tokenizers 0.23, or refused by name. */
import { toByteChars } from './byte-level.js';
import { type Fields, Fields as Part, unsupported } from './fields.js';
import { readPattern } from './patterns.js';

export interface Normalizer {
  readonly apply: (text: string) => string;
  /** whether it takes linear time */
  readonly safe: boolean;
}

const safe = (apply: (text: string) => string): Normalizer => ({ apply, safe: true });

export function readNormalizer(value: unknown, where: string): Normalizer {
  if (value === null || value === undefined) return safe((text) => text);
  const step = new Part(value, where);
  const normalizer = ofType(step);
  step.done();
  return normalizer;
}

function ofType(step: Fields): Normalizer {
  const type = step.raw('type');
  switch (type) {
    case 'Sequence': {
      const steps = step.list('normalizers').map((inner, i) => readNormalizer(inner, `${step.where}.normalizers.${i}`));
      return {
        apply: (text) => steps.reduce((before, { apply }) => apply(before), text),
        safe: steps.every((inner) => inner.safe),
      };
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return safe((text) => text.normalize(type));
    case 'Lowercase':
      return safe(lowercase);
    case 'StripAccents':
      return safe((text) => text.replace(/\p{M}/gu, ''));
    case 'Strip': {
      const left = step.boolean('strip_left');
      const right = step.boolean('strip_right');
      return safe((text) => strip(text, left, right));
    }
    case 'Prepend': {
      const prepend = step.string('prepend');
      return safe((text) => (text === '' ? '' : prepend + text));
    }
    case 'Replace': {
      const { regex, safe: fast } = readPattern(step);
      const content = step.string('content');
      return { apply: (text) => text.replace(regex, () => content), safe: fast };
    }
    case 'ByteLevel':
      return safe(toByteChars);
    case 'BertNormalizer':
      return safe(bert(step));
    default:
      return unsupported(step, 'a normalizer of type');
  }
}

/** One character at a time, so that a sigma at the end of a word is like any other. */
function lowercase(text: string): string {
  let out = '';
  for (const char of text) out += char.toLowerCase();
  return out;
}

function strip(text: string, left: boolean, right: boolean): string {
  let from = 0;
  let to = text.length;
  // all white space is in the basic plane
  if (left) while (from < to && /\p{White_Space}/u.test(text[from])) from++;
  if (right) while (to > from && /\p{White_Space}/u.test(text[to - 1])) to--;
  return text.slice(from, to);
}

const HAN = /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu; // prettier-ignore

function bert(step: Fields): (text: string) => string {
  const clean = step.boolean('clean_text', true);
  const han = step.boolean('handle_chinese_chars', true);
  const lower = step.boolean('lowercase', true);
  const accents = step.boolean('strip_accents', lower);
  return (text) => {
    let out = text;
    if (clean) out = out.replace(/(?![\t\n\r])[\0\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '').replace(/\p{White_Space}/gu, ' ');
    if (han) out = out.replace(HAN, ' $& ');
    if (accents) out = out.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lower ? lowercase(out) : out;
  };
}
