/** Lines of text for a terminal of some width. */
import { visible } from '../report/text.js';

/** Text from elsewhere as one line: control characters are shown, not sent. */
export function clean(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ').trim());
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Terminal columns of a text: wide East Asian characters take two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(char)) continue;
    width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}

/** A name of at most so many columns: its beginning and its end, which tell names apart, around an ellipsis. */
export function cutMiddle(name: string, width: number): string {
  if (displayWidth(name) <= width) return name;
  const letters = [...name];
  const end = Math.ceil((width - 1) / 2);
  return `${letters.slice(0, Math.max(1, width - 1 - end)).join('')}…${letters.slice(letters.length - end).join('')}`;
}

/** Words on lines of at most so many columns, later lines indented; a word that is longer than a line is broken. */
export function wrapIndented(text: string, width: number, indent: string): string[] {
  if (displayWidth(text) <= width) return [text];
  const first = /^ */.exec(text)![0];
  const lines: string[] = [];
  let line = '';
  const begin = () => (lines.length === 0 ? first : indent);
  for (const word of text.trimStart().split(/ +/)) {
    let rest = word;
    if (line !== '' && displayWidth(`${line} ${rest}`) <= width) {
      line = `${line} ${rest}`;
      continue;
    }
    if (line !== '') lines.push(line);
    for (line = begin() + rest; displayWidth(line) > width; line = begin() + rest) {
      const room = Math.max(1, width - begin().length);
      const letters = [...rest];
      lines.push(begin() + letters.slice(0, room).join(''));
      rest = letters.slice(room).join('');
    }
  }
  return [...lines, line];
}
