/**
 * JSON that refuses duplicate keys and keeps hostile names harmless: objects become Maps. For safetensors headers, where
 * JSON.parse would silently let the last of two equal tensor names win.
 */

export type StrictJson = null | boolean | number | string | StrictJson[] | Map<string, StrictJson>;

const MAX_DEPTH = 16;
const BACKSLASH = 92;
const ZERO = 48;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** @throws SyntaxError with the position of what is wrong */
export function parseStrictJson(text: string): StrictJson {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text)?.[0];
    if (match !== undefined) at += match.length;
    return match;
  };
  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at position ${at}`);
  };
  const punctuation = (): string => {
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++;
    return text[at] ?? '';
  };
  /** Headers are long: names without escapes and plain whole numbers, which nearly all are, go without regular expressions. */
  const string = (what: string): string => {
    const end = text.indexOf('"', at + 1);
    for (let i = at + 1; text[at] === '"' && i <= end; i++) {
      if (i === end) return text.slice(at + 1, (at = end + 1) - 1);
      const code = text.charCodeAt(i);
      if (code < 32 || code === BACKSLASH) break;
    }
    return JSON.parse(take(STRING) ?? fail(what)) as string;
  };
  const scalar = (): null | boolean | number => {
    let i = at;
    let whole = 0;
    for (let digit = text.charCodeAt(i) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(i) - ZERO) {
      whole = 10 * whole + digit;
      i++;
    }
    const plain = i > at && i - at < 16 && (text[at] !== '0' || i === at + 1) && (text[i] === ',' || text[i] === ']');
    if (!plain) return JSON.parse(take(WORD) ?? take(NUMBER) ?? fail('expected a value')) as null | boolean | number;
    at = i;
    return whole;
  };
  const expect = (character: string): void => {
    if (punctuation() !== character) fail(`expected ${character}`);
    at++;
  };

  const value = (depth: number): StrictJson => {
    if (depth > MAX_DEPTH) fail('nested too deep');
    switch (punctuation()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string('bad string');
      default:
        return scalar();
    }
  };
  const object = (depth: number): Map<string, StrictJson> => {
    const members = new Map<string, StrictJson>();
    expect('{');
    while (punctuation() !== '}') {
      if (members.size > 0) expect(',');
      punctuation();
      const name = string('expected a name');
      if (members.has(name)) fail(`the name ${JSON.stringify(name)} occurs twice`);
      expect(':');
      members.set(name, value(depth + 1));
    }
    expect('}');
    return members;
  };
  const array = (depth: number): StrictJson[] => {
    const items: StrictJson[] = [];
    expect('[');
    while (punctuation() !== ']') {
      if (items.length > 0) expect(',');
      items.push(value(depth + 1));
    }
    expect(']');
    return items;
  };

  const result = value(0);
  if (punctuation() !== '') fail('something follows the value');
  return result;
}
