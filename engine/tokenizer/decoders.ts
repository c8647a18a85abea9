/** tokenizer.json's decoders: the tokens of ids to text. As in Hugging Face tokenizers 0.23, or refused by name. */
import { fromTokenBytes } from './byte-level.js';
import { type Fields, Fields as Part, unsupported } from './fields.js';
import { readPattern } from './patterns.js';

export interface Decoder {
  readonly apply: (tokens: string[]) => string[];
  /** whether it takes linear time */
  readonly safe: boolean;
}

const safe = (apply: (tokens: string[]) => string[]): Decoder => ({ apply, safe: true });

/** Without a decoder tokens are words, with a space between them. */
export function readDecoder(value: unknown, where: string): Decoder {
  if (value === null || value === undefined) return safe((tokens) => [tokens.join(' ')]);
  const step = new Part(value, where);
  const decoder = ofType(step);
  step.done();
  return decoder;
}

function ofType(step: Fields): Decoder {
  switch (step.raw('type')) {
    case 'Sequence': {
      const steps = step.list('decoders').map((inner, i) => readDecoder(inner, `${step.where}.decoders.${i}`));
      return {
        apply: (tokens) => steps.reduce((before, { apply }) => apply(before), tokens),
        safe: steps.every((inner) => inner.safe),
      };
    }
    case 'ByteLevel':
      for (const key of ['add_prefix_space', 'trim_offsets', 'use_regex']) step.raw(key); // concern encoding
      return safe((tokens) => [fromTokenBytes(tokens)]);
    case 'Fuse':
      return safe((tokens) => [tokens.join('')]);
    case 'ByteFallback':
      return safe(byteFallback);
    case 'Replace': {
      const { regex, safe: fast } = readPattern(step);
      const content = step.string('content');
      return { apply: (tokens) => tokens.map((token) => token.replace(regex, () => content)), safe: fast };
    }
    case 'Strip': {
      const content = step.string('content');
      const start = step.count('start', 0);
      const stop = step.count('stop', 0);
      return safe((tokens) => tokens.map((token) => strip(token, content, start, stop)));
    }
    case 'Metaspace': {
      const replacement = step.string('replacement', '▁');
      const prefix = step.raw('add_prefix_space');
      const scheme = step.choice('prepend_scheme', ['always', 'first', 'never'], prefix === false ? 'never' : 'always');
      step.boolean('split', true);
      step.raw('str_rep');
      return safe((tokens) =>
        tokens.map((token, i) => token.replaceAll(replacement, () => (i === 0 && scheme !== 'never' ? '' : ' '))),
      );
    }
    case 'WordPiece': {
      const prefix = step.string('prefix', '##');
      const cleanup = step.boolean('cleanup', true);
      return safe((tokens) =>
        tokens.map((token, i) => {
          const text = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
          return cleanup ? cleaned(text) : text;
        }),
      );
    }
    case 'BPEDecoder': {
      const suffix = step.string('suffix', '</w>');
      return safe((tokens) =>
        suffix === '' ? tokens : tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' ')),
      );
    }
    default:
      return unsupported(step, 'a decoder of type');
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Runs of <0x..> as the characters that they are in UTF-8, or one U+FFFD a byte where they are none. */
function byteFallback(tokens: string[]): string[] {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      out.push(strict.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) out.push('\ufffd');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
    if (byte) {
      bytes.push(Number.parseInt(byte[1], 16));
    } else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
}

/** Takes up to `start` and `stop` characters `content` off a token's ends. */
function strip(token: string, content: string, start: number, stop: number): string {
  const characters = Array.from(token);
  let from = 0;
  let to = characters.length;
  while (from < Math.min(start, to) && characters[from] === content) from++;
  for (let i = 0; i < stop && to > from && characters[to - 1] === content; i++) to--;
  return characters.slice(from, to).join('');
}

const CLEANUPS: readonly (readonly [from: string, to: string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function cleaned(text: string): string {
  return CLEANUPS.reduce((before, [from, to]) => before.replaceAll(from, to), text);
}
