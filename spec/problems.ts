/** What is wrong with an experiment file, as data: path, message and suggestion. Turned into text only at the edge. */
import type { z } from 'zod';
import { isFutureKey, isFutureValue, notImplemented } from './future.js';
import { keysAt } from './shape.js';
import { nearest } from './suggest.js';

/** Of one mapping's unknown keys so many are told. */
const MAX_UNKNOWN_KEYS = 100;

export type Path = readonly (string | number)[];

/** One thing wrong with a document. */
export interface Problem {
  /** where in the document; [] is the document itself */
  readonly path: Path;
  /** the path names a key, not its value: point at the key */
  readonly atKey?: boolean;
  /** what is wrong, without the path; no full stop */
  readonly message: string;
  /** what to do about it */
  readonly suggestion?: string;
}

/** a.b.0.c */
export function pathText(path: Path): string {
  return path.join('.');
}

/** The value at a path of plain data, or undefined. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** A value as a file would show it, shortened. */
export function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A zod issue as problems (one for each unknown key), with suggestions from the schema's own words. */
export function explain(issue: z.core.$ZodIssue, root: unknown, schema: z.ZodType, prefix: Path = []): Problem[] {
  const path = [...prefix, ...(issue.path as (string | number)[])];
  const value = valueAt(root, path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, root, path);
      return issue.keys.slice(0, MAX_UNKNOWN_KEYS).map((key) => unknownKey(key, path, known));
    }
    case 'invalid_union':
      if (issue.errors.length > 0) return likeliestBranch(issue.errors).flatMap((inner) => explain(inner, root, schema, path));
      return [unknownValue(value, path, ('options' in issue ? (issue.options as unknown[]) : []).map(String))];
    case 'invalid_value':
      return [unknownValue(value, path, issue.values.map(String))];
    case 'invalid_type':
      if (issue.expected === 'never') return [{ path, atKey: true, message: issue.message, suggestion: 'remove it' }];
      return [wrongType(value, issue.expected, path, keysAt(schema, root, path))];
    case 'too_small':
    case 'too_big':
      return [{ path, message: outOfBounds(issue, value) }];
    case 'invalid_format':
      return [{ path, message: `${show(value)} ${issue.message}` }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** A key that no schema knows at a path. */
export function unknownKey(key: string, path: Path, known: readonly string[]): Problem {
  const at: Problem = { path: [...path, key], atKey: true, message: `unknown key "${key}"` };
  if (isFutureKey(path, key)) return { ...at, message: notImplemented(key), suggestion: 'remove it' };
  const guess = nearest(key, known);
  if (guess !== undefined) return { ...at, suggestion: `did you mean "${guess}"?` };
  return { ...at, suggestion: known.length > 0 ? `known here: ${known.join(', ')}` : 'remove it' };
}

function unknownValue(value: unknown, path: Path, known: readonly string[]): Problem {
  const choices = known.length === 1 ? `the only choice is ${known[0]}` : `one of: ${known.join(', ')}`;
  if (value === undefined) return { path, message: 'is required', suggestion: choices };
  if (typeof value !== 'string') return { path, message: `${show(value)} is not allowed here`, suggestion: choices };
  if (isFutureValue(path, value)) return { path, message: `"${value}" is not implemented yet`, suggestion: choices };
  const guess = nearest(value, known);
  return {
    path,
    message: `unknown value ${show(value)}`,
    suggestion: guess === undefined ? choices : `did you mean "${guess}"?`,
  };
}

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
  tuple: 'a list',
};

function wrongType(value: unknown, expected: string, path: Path, keys: readonly string[]): Problem {
  const wanted = KINDS[expected] ?? expected;
  if (value === undefined) return { path, message: 'is required', suggestion: `add it: ${wanted}` };
  const given =
    value === null ? 'nothing' : Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a mapping' : show(value);
  const message = `must be ${wanted}, but is ${given}`;
  return expected === 'object' && typeof value === 'string' && keys.includes('kind')
    ? { path, message, suggestion: `write {kind: ${value}}` }
    : { path, message };
}

function outOfBounds(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  const small = issue.code === 'too_small';
  const limit = Number(small ? issue.minimum : issue.maximum);
  const sign = small
    ? issue.inclusive === false
      ? 'more than'
      : 'at least'
    : issue.inclusive === false
      ? 'less than'
      : 'at most';
  if (issue.origin === 'array')
    return `must have ${sign} ${limit} ${limit === 1 ? 'entry' : 'entries'}, but has ${(value as unknown[]).length}`;
  if (issue.origin === 'string') return `must have ${sign} ${limit} characters, but has ${(value as string).length}`;
  return `must be ${sign} ${limit}, but is ${show(value)}`;
}

/** Of a union's branches, the one that the value was meant for: it fails deeper than at its root, or on a text's form. */
function likeliestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const typed = branches.filter((issues) => !issues.some((i) => i.path.length === 0 && i.code === 'invalid_type'));
  const deeper = typed.find((issues) => issues.every((i) => i.path.length > 0));
  return deeper ?? typed[0] ?? branches[branches.length - 1];
}
