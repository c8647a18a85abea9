/**
 * Makes generated text fit to be shown: a model may write control characters, direction overrides or lone surrogates, which must
 * not move a cursor, reverse a line or hide anything. Also the width of text in terminal columns.
 */

/** Format characters that reorder, hide or annotate text; ZWJ and ZWNJ stay, since scripts and emoji need them. */
const INVISIBLE = /[\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u;

/**
 * The text with every character that is not meant to be seen replaced by a visible stand-in: C0 controls by their Unicode
 * picture (␛), the rest by ⟨U+202E⟩. Newlines and tabs stay; CR LF becomes a newline.
 */
export function visible(text: string): string {
  let out = '';
  for (const character of text.replaceAll('\r\n', '\n')) {
    const code = character.codePointAt(0)!;
    if (code === 0x0a || code === 0x09) out += character;
    else if (code < 0x20) out += String.fromCodePoint(0x2400 + code);
    else if (code === 0x7f) out += '\u2421';
    else if (code < 0x80) out += character;
    else if (code < 0xa0 || (code >= 0xd800 && code <= 0xdfff) || (code & 0xfffe) === 0xfffe || INVISIBLE.test(character))
      out += named(code);
    else out += character;
  }
  return out;
}

function named(code: number): string {
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
}

/** At most `limit` characters (code points), with a note of how many are left out. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const characters = Array.from(text);
  if (characters.length <= limit) return text;
  return `${characters.slice(0, limit).join('')} … (${characters.length - limit} more characters)`;
}

/** At most `limit` characters on one line, the last of them … where something is left out. */
export function shorten(text: string, limit: number): string {
  const characters = Array.from(text.replace(/\s+/g, ' ').trim());
  return characters.length <= limit ? characters.join('') : `${characters.slice(0, limit - 1).join('')}…`;
}

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u200c\u200d]$/u;
/** East Asian Wide and Fullwidth blocks (Unicode 15) and pictographs that terminals draw two columns wide. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Columns that a terminal needs for the text (no control characters in it). */
export function columns(text: string): number {
  let width = 0;
  for (const character of text) width += ZERO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Breaks text into lines of at most `width` columns, at spaces where it can; newlines and tabs count as spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const flush = () => {
    lines.push(line);
    line = '';
    used = 0;
  };
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const needed = columns(word);
    if (used > 0 && used + 1 + needed > width) flush();
    if (used > 0) {
      line += ' ';
      used++;
    }
    if (needed <= width) {
      line += word;
      used += needed;
      continue;
    }
    for (const character of word) {
      const one = columns(character);
      if (used > 0 && used + one > width) flush();
      line += character;
      used += one;
    }
  }
  if (used > 0 || lines.length === 0) flush();
  return lines;
}
