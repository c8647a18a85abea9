/** CoNLL-U: sentences with tags, heads and relations, one word a line. */
import { HabsburgError } from '../common/errors.js';

/** A parsed sentence of n words; every list has n entries. */
export interface Sentence {
  readonly forms: readonly string[];
  readonly upos: readonly string[];
  /** language-specific tag: Penn Treebank's in English */
  readonly xpos: readonly string[];
  /** 1 to n, or 0 for the root; every word hangs below the root, and none below itself */
  readonly heads: ArrayLike<number>;
  readonly deprels: readonly string[];
  /** as it was written, where the file says it */
  readonly text?: string;
  /** a document or paragraph begins with it */
  readonly opens?: boolean;
}

interface Draft {
  text?: string;
  opens?: boolean;
  readonly forms: string[];
  readonly upos: string[];
  readonly xpos: string[];
  readonly heads: number[];
  readonly deprels: string[];
  readonly lines: number[];
}

const draft = (): Draft => ({ forms: [], upos: [], xpos: [], heads: [], deprels: [], lines: [] });

/** Iterates over lines without a copy of the whole text as a list. */
function* linesOf(text: string): Generator<string> {
  for (let from = text.charCodeAt(0) === 0xfeff ? 1 : 0; from < text.length;) {
    let to = text.indexOf('\n', from);
    if (to < 0) to = text.length;
    yield text.slice(from, text[to - 1] === '\r' ? to - 1 : to);
    from = to + 1;
  }
}

/**
 * Its sentences, in order. Multiword tokens (`3-4`), empty nodes (`8.1`) and comments are left out.
 * @throws HabsburgError 'invalid' naming `name` and the line that is not CoNLL-U, or whose head is none
 */
export function* parseConllu(text: string, name: string): Generator<Sentence> {
  let sentence = draft();
  let number = 0;
  const bad = (line: number, why: string): HabsburgError => new HabsburgError('invalid', `${name}, line ${line}: ${why}`);
  for (const line of linesOf(text)) {
    number++;
    if (line.trim() === '') {
      if (sentence.forms.length > 0) yield checked(sentence, bad);
      sentence = draft();
      continue;
    }
    if (line.startsWith('#')) {
      const text = /^# text = (.*)$/s.exec(line);
      if (text) sentence.text = text[1];
      if (/^# new(doc|par)\b/.test(line)) sentence.opens = true;
      continue;
    }
    const columns = line.split('\t');
    if (columns.length !== 10) throw bad(number, `CoNLL-U has 10 columns between tabs, this line ${columns.length}`);
    const [id, form, , upos, xpos, , head, deprel] = columns;
    if (/^\d+[-.]\d+$/.test(id)) continue;
    const n = sentence.forms.length + 1;
    if (id !== String(n)) throw bad(number, `word ${n} of a sentence has the id ${JSON.stringify(id)}; it should be ${n}`);
    if (!/^\d{1,7}$/.test(head)) throw bad(number, `the head ${JSON.stringify(head)} is no word's number; parse the text first`);
    sentence.forms.push(form);
    sentence.upos.push(upos);
    sentence.xpos.push(xpos);
    sentence.heads.push(Number(head));
    sentence.deprels.push(deprel);
    sentence.lines.push(number);
  }
  if (sentence.forms.length > 0) yield checked(sentence, bad);
}

/** Every head is a word of the sentence, and following heads leads to the root. */
function checked({ lines, ...sentence }: Draft, bad: (line: number, why: string) => HabsburgError): Sentence {
  const { heads } = sentence;
  const reaches = new Uint8Array(heads.length + 1); // 1: reaches the root
  reaches[0] = 1;
  heads.forEach((head, i) => {
    if (head > heads.length) throw bad(lines[i], `the head is ${head}, but the sentence has ${heads.length} words`);
  });
  for (let i = 1; i <= heads.length; i++) {
    const way: number[] = [];
    let at = i;
    while (reaches[at] === 0) {
      reaches[at] = 2;
      way.push(at);
      at = heads[at - 1];
    }
    if (reaches[at] === 2) throw bad(lines[i - 1], `word ${i} does not hang below the root: its heads go round in a circle`);
    for (const one of way) reaches[one] = 1;
  }
  return sentence;
}

/** The same as CoNLL-U: what is not known of a word is `_`. */
export function writeConllu({ forms, upos, xpos, heads, deprels }: Sentence): string {
  const line = (form: string, i: number): string =>
    [i + 1, form, '_', upos[i], xpos[i], '_', heads[i], deprels[i], '_', '_'].join('\t');
  return `${forms.map(line).join('\n')}\n\n`;
}
