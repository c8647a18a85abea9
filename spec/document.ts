/** An experiment file's text: YAML to plain data, and from a path in the data back to a line and a column. */
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Document, type Node, type Pair, type YAMLMap } from 'yaml';
import { composeDocument, type SyntaxProblem } from './compose.js';
import type { Path } from './problems.js';

/** Longest file that is read, in bytes. */
export const MAX_BYTES = 1024 * 1024;
const MAX_ALIASES = 100;
const MAX_NESTING = 500;
/** More are not shown, and not looked for. */
const MAX_PROBLEMS = 100;
/** uniqueKeys: the library compares every key with every other; duplicateKeys() looks. */
const YAML = { version: '1.2', stringKeys: true, uniqueKeys: false } as const;

export interface Place {
  /** from 1 */
  readonly line: number;
  /** from 1, in UTF-16 units */
  readonly column: number;
}

/** A parsed file; `syntax` holds what is wrong with the YAML itself, and then `data` is undefined. */
export interface YamlDocument {
  readonly data: unknown;
  readonly syntax: readonly (Place & { readonly message: string; readonly suggestion?: string })[];
  /** Where a path is in the text: its value, or its key; the nearest ancestor where the text has no such path. */
  locate(path: Path, atKey?: boolean): Place;
}

/** Parses YAML 1.2 (core schema, anchors and `<<` allowed, aliases limited); one document, unique keys. */
export function parseYaml(text: string): YamlDocument {
  const deep = tooDeep(text);
  if (deep !== undefined) return { data: undefined, syntax: [deep], locate: () => deep };
  const lines = new LineCounter();
  const options = { ...YAML, merge: true };
  const { document, wrong } = composeDocument(text, options, lines, MAX_PROBLEMS);
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const syntax = [...wrong, ...duplicateKeys(document?.contents)].slice(0, MAX_PROBLEMS).map((problem) => ({
    ...placeOf(problem.offset),
    ...plainly(problem),
  }));
  const locate = (path: Path, atKey = false): Place => placeOf(document === undefined ? 0 : offsetOf(document, path, atKey));
  if (document === undefined || syntax.length > 0) return { data: undefined, syntax, locate };
  const tooMany = {
    line: 1,
    column: 1,
    message: `more than ${MAX_ALIASES} aliases are expanded`,
    suggestion: 'write the values out',
  };
  // the library looks through the whole document for each of them
  if (aliasesOf(document.contents) > MAX_ALIASES) return { data: undefined, syntax: [tooMany], locate };
  try {
    return { data: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown, syntax, locate };
  } catch (error) {
    const expansions = error instanceof ReferenceError && /alias count/i.test(error.message);
    return { data: undefined, syntax: [expansions ? tooMany : { ...tooMany, message: (error as Error).message }], locate };
  }
}

/** Where brackets are nested deeper than any experiment; the library would take long to find out. Brackets in texts count, too. */
function tooDeep(text: string): (Place & { readonly message: string }) | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '[' || char === '{') depth++;
    else if ((char === ']' || char === '}') && depth > 0) depth--;
    if (depth <= MAX_NESTING) continue;
    const before = text.slice(0, at);
    const column = at - before.lastIndexOf('\n');
    return { line: before.split('\n').length, column, message: `brackets are nested more than ${MAX_NESTING} deep` };
  }
  return undefined;
}

/** Plain data of a `--set` value: a YAML scalar or flow collection. Returns the error's text where it is neither. */
export function parseYamlValue(text: string): { readonly value: unknown } | { readonly error: string } {
  const { document, wrong } = composeDocument(text, YAML, undefined, 1);
  const problem = wrong[0] ?? duplicateKeys(document?.contents)[0];
  if (document === undefined || problem !== undefined) return { error: plainly(problem).message };
  if (/[&*]/.test(text) && hasAlias(document)) return { error: 'anchors and aliases are not allowed here' };
  return { value: document.toJS() as unknown };
}

function hasAlias(document: Document): boolean {
  try {
    document.toJS({ maxAliasCount: 0 });
    return false;
  } catch {
    return true;
  }
}

/** Every node below one, itself included; without recursion, for nesting has no limit. */
function* nodesBelow(root: unknown): Iterable<unknown> {
  const nodes: unknown[] = [root];
  while (nodes.length > 0) {
    const node = nodes.pop();
    yield node;
    if (isSeq(node)) for (const item of node.items) nodes.push(item);
    else if (isMap(node)) for (const pair of node.items) nodes.push(pair.value);
  }
}

function aliasesOf(root: unknown): number {
  let count = 0;
  for (const node of nodesBelow(root)) if (isAlias(node)) count++;
  return count;
}

/** Keys that are in their mapping already, in the order of the text. */
function duplicateKeys(root: unknown): SyntaxProblem[] {
  const found: SyntaxProblem[] = [];
  for (const node of nodesBelow(root)) {
    if (!isMap(node)) continue;
    const seen = new Set<string>();
    for (const { key } of node.items) {
      if (!isScalar(key)) continue;
      const name = String(key.value);
      if (seen.has(name)) found.push({ code: 'DUPLICATE_KEY', message: name, offset: startOf(key) ?? 0 });
      seen.add(name);
    }
  }
  return found.sort((a, b) => a.offset - b.offset);
}

const PLAIN: Readonly<Record<string, { message: string; suggestion?: string }>> = {
  DUPLICATE_KEY: { message: 'this key is there twice in its mapping', suggestion: 'remove one of the two' },
  TAB_AS_INDENT: { message: 'a tab is used for indentation', suggestion: 'indent with spaces' },
  MULTIPLE_DOCS: { message: 'there is more than one YAML document', suggestion: 'keep one experiment a file' },
  RESOURCE_EXHAUSTION: { message: 'lists and mappings are nested too deep' },
  NON_STRING_KEY: { message: 'a key is not text', suggestion: 'put it in quotes' },
  TAG_RESOLVE_FAILED: { message: 'a YAML tag that is not known', suggestion: 'remove the tag' },
};

function plainly({ code, message }: SyntaxProblem): { message: string; suggestion?: string } {
  return PLAIN[code] ?? { message: `not valid YAML: ${message.replace(/\s+/g, ' ').trim()}` };
}

function offsetOf(document: Document, path: Path, atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [i, step] of path.entries()) {
    const found = step_(document, node, step);
    if (found === undefined) return offset;
    const { key, value } = found;
    const useKey = (i === path.length - 1 && atKey) || !hasText(value);
    offset = (useKey ? startOf(key) : undefined) ?? startOf(value) ?? startOf(key) ?? offset;
    node = value;
  }
  return offset;
}

function step_(document: Document, node: unknown, step: string | number): { key?: unknown; value: unknown } | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  if (isSeq(target)) return typeof step === 'number' && step < target.items.length ? { value: target.items[step] } : undefined;
  if (!isMap(target)) return undefined;
  const pairs = pairsOf(target);
  const own = pairs.get(String(step));
  if (own !== undefined) return own;
  const merge = pairs.get('<<')?.value;
  for (const part of isSeq(merge) ? merge.items : [merge]) {
    const found = step_(document, part, step);
    if (found !== undefined) return found;
  }
  return undefined;
}

const indices = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** A mapping's pairs by key. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  let index = indices.get(map);
  if (index === undefined) {
    index = new Map(map.items.filter((item): item is Pair => isPair(item)).map((pair) => [keyText(pair), pair]));
    indices.set(map, index);
  }
  return index;
}

const keyText = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : '');
const startOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0];
const hasText = (node: unknown): boolean => {
  const range = (node as Node | null | undefined)?.range;
  return range !== undefined && range !== null && range[1] > range[0];
};
