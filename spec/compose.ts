/** The YAML library gathers the errors of a text without end, minutes of them in a megabyte. Here it stops after the first some. */
import { Composer, Parser, type CST, type Document, type LineCounter, type ParseOptions, type SchemaOptions } from 'yaml';

/** What is wrong with a text as YAML. */
export interface SyntaxProblem {
  readonly code: string;
  readonly message: string;
  /** where it begins in the text */
  readonly offset: number;
}

export interface Composed {
  /** absent where there was too much wrong to go on */
  readonly document?: Document;
  /** errors and warnings */
  readonly wrong: readonly SyntaxProblem[];
}

/**
 * One document, as the library's `parseDocument` makes it.
 * @param most after so many problems nothing more is looked at
 */
export function composeDocument(
  text: string,
  options: ParseOptions & SchemaOptions,
  lines: LineCounter | undefined,
  most: number,
): Composed {
  const wrong: SyntaxProblem[] = [];
  const enough = new Error('enough');
  let over = false;
  const take = (code: string, message: string, offset: number): void => {
    if (!over) wrong.push({ code, message, offset });
    // the library takes whatever is thrown inside a collection for nesting that is too deep, and tells it at every level
    over ||= wrong.length >= most || code === 'RESOURCE_EXHAUSTION';
    if (over) throw enough;
  };
  const composer = new Composer({ ...options, prettyErrors: false });
  // the library has no other way to take errors as they come
  composer['onError'] = (source: Source, code: string, message: string) => take(code, message, offsetOf(source));
  try {
    let document: Document | undefined;
    for (const found of composer.compose(withoutErrors(new Parser(lines?.addNewLine).parse(text), take), true, text.length)) {
      if (document === undefined) document = found as unknown as Document;
      else {
        take('MULTIPLE_DOCS', 'more than one document', found.range[0]);
        break;
      }
    }
    for (const { code, message, pos } of document?.errors ?? []) take(code, message, pos[0]);
    return { document, wrong };
  } catch (error) {
    if (error !== enough) throw error;
    return { wrong };
  }
}

/** The tokens of a text that are some; the composer would keep the others' errors for itself. */
function* withoutErrors(
  tokens: Iterable<CST.Token>,
  take: (code: string, message: string, offset: number) => void,
): Iterable<CST.Token> {
  for (const token of tokens) {
    if (token.type === 'error') take('UNEXPECTED_TOKEN', token.message, token.offset);
    else yield token;
  }
}

type Source = number | readonly number[] | { readonly offset: number };
const offsetOf = (source: Source): number =>
  typeof source === 'number' ? source : 'offset' in source ? source.offset : source[0];
