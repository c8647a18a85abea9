/** Reads an experiment file or preset, applies `--set`s, checks everything, and tells every problem by file, line and column. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { readTextFile } from '../common/text-file.js';
import { MAX_BYTES, parseYaml, type YamlDocument } from './document.js';
import type { ExperimentPlan } from './plan.js';
import { presetFile, presetNames } from './presets.js';
import { pathText, type Path, type Problem } from './problems.js';
import { resolveExperiment } from './resolve.js';
import { applySets, type Setting } from './sets.js';
import { pathOfSource } from './sources.js';
import { placedDetectors } from './detector-places.js';
import { placedSources } from './mixture-places.js';
import { nearest } from './suggest.js';

/** A problem placed: in the file, or in the `--set` that caused it. */
export interface SpecProblem {
  readonly file: string;
  /** from 1; absent where a --set is to blame */
  readonly line?: number;
  readonly column?: number;
  /** the --set to blame, as typed */
  readonly set?: string;
  /** a.b.0.c; '' is the whole document */
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

export interface LoadOptions {
  /** `--set` values, in order */
  readonly sets?: readonly string[];
  /** folder that relative paths in `sets` start from; default: the process's */
  readonly cwd?: string;
}

export interface LoadedExperiment {
  readonly plan: ExperimentPlan;
  /** what the file says with the `--set`s, before defaults; local sources by absolute path */
  readonly document: unknown;
  /** absolute path of the file that was read */
  readonly file: string;
  /** the preset's name, where a preset was named */
  readonly preset?: string;
  /** a problem that shows only outside of the file (a source that is not there), placed at the setting that it concerns */
  readonly place: (problem: Problem) => SpecProblem;
}

/** Loads, or throws one HabsburgError ('invalid', details.problems: SpecProblem[]) whose message lists all problems. */
export async function loadExperiment(pathOrPreset: string, options: LoadOptions = {}): Promise<LoadedExperiment> {
  const cwd = options.cwd ?? process.cwd();
  const { file, shown, preset } = await find(pathOrPreset, cwd);
  const text = await readTextFile(file, { shown, maxBytes: MAX_BYTES });
  return { ...loadText(text, { ...options, cwd, file, shown }), ...(preset === undefined ? {} : { preset }) };
}

/** The same of a text that is not in its file yet. */
export function loadText(
  text: string,
  options: LoadOptions & { readonly cwd: string; readonly file: string; readonly shown: string },
): LoadedExperiment {
  const result = check(text, options);
  if (result.plan === undefined) {
    throw new HabsburgError('invalid', result.problems.map(problemText).join('\n'), { details: { problems: result.problems } });
  }
  const { plan, document, place } = result;
  return { plan, document, place, file: options.file };
}

/** `file:line:column: path: message; suggestion`, or `--set …: message; suggestion`. */
export function problemText(problem: SpecProblem): string {
  const place = problem.set !== undefined ? `--set ${problem.set}` : `${problem.file}:${problem.line}:${problem.column}`;
  const what =
    problem.path === '' || problem.set?.startsWith(`${problem.path}=`) ? problem.message : `${problem.path}: ${problem.message}`;
  return `${place}: ${what}${problem.suggestion === undefined ? '' : `; ${problem.suggestion}`}`;
}

type Checked =
  | { readonly plan: ExperimentPlan; readonly document: unknown; readonly place: (problem: Problem) => SpecProblem }
  | { readonly plan?: undefined; readonly problems: readonly SpecProblem[] };

function check(text: string, options: LoadOptions & { cwd: string; file: string; shown: string }): Checked {
  const { shown: file } = options;
  const yaml = parseYaml(text);
  if (yaml.syntax.length > 0) return { problems: yaml.syntax.map((error) => ({ file, path: '', ...error })) };
  if (yaml.data === null)
    return {
      problems: [
        { file, line: 1, column: 1, path: '', message: 'the file is empty', suggestion: 'start from a preset: habsburg presets' },
      ],
    };
  const { data, settings, problems } = applySets(yaml.data, options.sets ?? []);
  if (problems.length > 0) return { problems: problems.map(({ text: set, ...rest }) => ({ file, set, path: '', ...rest })) };
  absolutePaths(data, (at) => (settingOf(settings, at) === undefined ? path.dirname(options.file) : options.cwd));
  const resolved = resolveExperiment(data);
  const place = (problem: Problem): SpecProblem => placed(problem, file, yaml, settings);
  if (resolved.plan !== undefined) return { plan: resolved.plan, document: data, place };
  const placedProblems = resolved.problems.map(place);
  return { problems: placedProblems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)) };
}

/** The last --set that wrote the value at a path, or part of it. */
function settingOf(settings: readonly Setting[], at: Path): Setting | undefined {
  return settings.findLast((s) => s.path.length <= at.length && s.path.every((step, i) => step === at[i]));
}

function placed(problem: Problem, file: string, yaml: YamlDocument, settings: readonly Setting[]): SpecProblem {
  const { message, suggestion } = problem;
  const rest = { path: pathText(problem.path), message, ...(suggestion === undefined ? {} : { suggestion }) };
  // an unknown key above the value that was set (--set data.blok.x=1) is the setting's doing too
  const setting =
    settingOf(settings, problem.path) ??
    (problem.atKey ? settings.findLast((s) => problem.path.every((step, i) => step === s.path[i])) : undefined);
  return setting === undefined
    ? { file, ...yaml.locate(problem.path, problem.atKey), ...rest }
    : { file, set: setting.text, ...rest };
}

/** Makes every `file:` source of the document absolute, in place. `folderFor` gives the folder that a path starts from. */
function absolutePaths(data: unknown, folderFor: (at: Path) => string): void {
  const fix = (holder: unknown, key: string, at: Path): void => {
    if (typeof holder !== 'object' || holder === null) return;
    const value = (holder as Record<string, unknown>)[key];
    if (typeof value === 'string' && value.startsWith('file:') && value.length > 5)
      (holder as Record<string, unknown>)[key] = absolute(value, folderFor([...at, key]));
  };
  const fixBase = (member: unknown, at: Path): void => {
    fix(member, 'base', at);
    fix((member as { base?: unknown } | null)?.base, 'source', [...at, 'base']);
  };
  const root = data as { data?: unknown; sources?: unknown; metrics?: unknown; population?: unknown; conditions?: unknown };
  fix(root, 'encoder', []);
  if (Array.isArray(root?.metrics))
    root.metrics.forEach((metric: { settings?: unknown } | null, i) =>
      fix(metric?.settings, 'encoder', ['metrics', i, 'settings']),
    );
  if (Array.isArray(root?.sources)) root.sources.forEach((claim, i) => fix(claim, 'source', ['sources', i]));
  for (const split of ['train', 'valid', 'test']) fix(root?.data, split, ['data']);
  if (Array.isArray(root?.population)) root.population.forEach((member, i) => fixBase(member, ['population', i]));
  if (Array.isArray(root?.conditions)) {
    root.conditions.forEach((condition: { override?: unknown; data?: unknown } | null, i) => {
      for (const split of ['train', 'valid', 'test']) fix(condition?.data, split, ['conditions', i, 'data']);
      for (const [name, member] of Object.entries(condition?.override ?? {}))
        fixBase(member, ['conditions', i, 'override', name]);
    });
  }
  for (const { source, path: at, replace } of [...placedSources(data), ...placedDetectors(data)])
    if (source.startsWith('file:') && source.length > 5) replace(absolute(source, folderFor(at)));
}

function absolute(source: string, folder: string): string {
  if (source.startsWith('file://')) {
    try {
      return `file:${fileURLToPath(source)}`;
    } catch {
      return source; // a host or a relative path in a URL: the reader of the source says that there is no such file
    }
  }
  return `file:${path.resolve(folder, pathOfSource(source))}`;
}

async function find(pathOrPreset: string, cwd: string): Promise<{ file: string; shown: string; preset?: string }> {
  const preset = presetFile(pathOrPreset);
  if (preset !== undefined)
    return {
      file: preset,
      shown: path.relative(cwd, preset).startsWith('..') ? preset : path.relative(cwd, preset),
      preset: pathOrPreset,
    };
  const file = path.resolve(cwd, pathOrPreset);
  await access(file).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? notThere(pathOrPreset)
      : fromSystemError(error, `reading ${pathOrPreset}`);
  });
  return { file, shown: pathOrPreset };
}

function notThere(pathOrPreset: string): HabsburgError {
  if (/[./\\]/.test(pathOrPreset))
    return new HabsburgError('notFound', `${pathOrPreset}: no such experiment file; check the path`);
  const names = presetNames();
  const guess = nearest(pathOrPreset, names);
  const hint = guess === undefined ? `presets: ${names.join(', ')}` : `did you mean the preset "${guess}"?`;
  return new HabsburgError('notFound', `${pathOrPreset}: no such experiment file or preset; ${hint}`);
}
