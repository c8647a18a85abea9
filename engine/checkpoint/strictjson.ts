/**
 * JSON that refuses duplicate keys and keeps hostile names harmless: objects become Maps. For safetensors headers, where
 * JSON.parse would silently let the last of two equal tensor names win.
 */

export type StrictJson = null | boolean | number | string | StrictJson[] | Map<string, StrictJson>;

const MAX_DEPTH = 16;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

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
    take(SPACE);
    return text[at] ?? '';
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
        return JSON.parse(take(STRING) ?? fail('bad string')) as string;
      default:
        return JSON.parse(take(WORD) ?? take(NUMBER) ?? fail('expected a value')) as null | boolean | number;
    }
  };
  const object = (depth: number): Map<string, StrictJson> => {
    const members = new Map<string, StrictJson>();
    expect('{');
    while (punctuation() !== '}') {
      if (members.size > 0) expect(',');
      punctuation();
      const name = JSON.parse(take(STRING) ?? fail('expected a name')) as string;
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
