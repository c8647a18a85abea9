/** `--set a.b=c`: one value of an experiment changed from the command line, named by its path. */
import { parseYamlValue } from './document.js';
import { pathText, type Path } from './problems.js';

/** A `--set` that was understood and applied. */
export interface Setting {
  /** as the user typed it, without `--set` */
  readonly text: string;
  readonly path: Path;
}

export interface SetProblem {
  readonly text: string;
  readonly message: string;
  readonly suggestion?: string;
}

const NEVER = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Returns a copy of `root` with every setting in place, in order. A step into a list is an index or the `name` of an entry;
 * mappings that are not there yet are made. The result is unchecked: the schema judges it.
 */
export function applySets(
  root: unknown,
  sets: readonly string[],
): { data: unknown; settings: Setting[]; problems: SetProblem[] } {
  const data: unknown = structuredClone(root);
  const settings: Setting[] = [];
  const problems: SetProblem[] = [];
  for (const text of sets) {
    try {
      settings.push({ text, path: applyOne(data, text) });
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      problems.push({
        text,
        message: error.message,
        ...(error.suggestion === undefined ? {} : { suggestion: error.suggestion }),
      });
    }
  }
  return { data, settings, problems };
}

class SetError extends Error {
  constructor(
    message: string,
    readonly suggestion?: string,
  ) {
    super(message);
  }
}

const NUMBERS = /^\s*-?\d+(\.\d+)?(e-?\d+)?(\s*,\s*-?\d+(\.\d+)?(e-?\d+)?)+\s*$/i;
const RANGE = /^\s*(\d+)\.\.(\d+)\s*$/;
/** numbers of a range at most; longer ones are written `{ from: 1, count: N }` where they are allowed at all */
const RANGE_LIMIT = 100_000;

/** YAML, and two lists that no shell reads in its own way: `1,2,3` and `1..3`. */
function parseSetValue(text: string): ReturnType<typeof parseYamlValue> {
  if (NUMBERS.test(text)) return { value: text.split(',').map(Number) };
  const range = RANGE.exec(text);
  if (!range) return parseYamlValue(text);
  const [from, to] = [Number(range[1]), Number(range[2])];
  if (to < from) throw new SetError('is a range that counts down', 'write the lower number first, for example seeds=1..3');
  if (to - from >= RANGE_LIMIT)
    throw new SetError(
      `is a range of more than ${RANGE_LIMIT.toLocaleString('en')} numbers`,
      'write { from: 1, count: N }, in quotes',
    );
  return { value: Array.from({ length: to - from + 1 }, (_, i) => from + i) };
}

function applyOne(root: unknown, text: string): Path {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new SetError('has no value', 'write PATH=VALUE, for example generations=3');
  const steps = text.slice(0, equals).trim().split('.');
  if (steps.some((s) => s === ''))
    throw new SetError('has an empty step in its path', 'write steps with single dots, for example data.block');
  const parsed = parseSetValue(text.slice(equals + 1));
  if ('error' in parsed) throw new SetError(`has a value that cannot be read (${parsed.error})`, 'put it in quotes');
  let holder = root;
  const path: (string | number)[] = [];
  for (const [i, step] of steps.entries()) {
    const last = i === steps.length - 1;
    const key = keyIn(holder, step, path, last);
    const place = holder as Record<string | number, unknown>;
    path.push(key);
    if (last) {
      // one seed is a list of one, which no shell needs brackets for
      place[key] = key === 'seeds' && path.length === 1 && typeof parsed.value === 'number' ? [parsed.value] : parsed.value;
    } else {
      if (!Object.hasOwn(place, key) || place[key] === null) place[key] = {};
      holder = place[key];
    }
  }
  return path;
}

function keyIn(holder: unknown, step: string, path: Path, last: boolean): string | number {
  const at = path.length === 0 ? 'the document' : pathText(path);
  if (Array.isArray(holder)) {
    if (/^\d+$/.test(step)) {
      const index = Number(step);
      if (index < holder.length || (last && index === holder.length)) return index;
      throw new SetError(`goes past the end of ${at}, which has ${holder.length} ${holder.length === 1 ? 'entry' : 'entries'}`);
    }
    const index = holder.findIndex((entry) => (entry as { name?: unknown } | null)?.name === step);
    if (index >= 0) return index;
    const names = holder.map((entry) => (entry as { name?: unknown } | null)?.name).filter((n) => typeof n === 'string');
    throw new SetError(
      `names no entry of ${at}`,
      names.length > 0 ? `use an index or one of: ${names.join(', ')}` : 'use an index',
    );
  }
  if (typeof holder !== 'object' || holder === null)
    throw new SetError(`goes into ${at}, which is not a mapping or a list`, `set ${at} itself`);
  if (NEVER.has(step)) throw new SetError(`has a step that no file may have: ${step}`);
  return step;
}
