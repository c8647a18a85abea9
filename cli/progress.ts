/** Shows a running experiment: on a terminal a few lines repainted in place, elsewhere one line an event. Writes to stderr. */
import type { ExperimentSnapshot, RunSnapshot, StepSnapshot } from './snapshot.js';
import { failureSentences, problemSentence } from './ended.js';
import { clean, cutMiddle, displayWidth, wrapIndented } from './lines.js';
import { control } from './terminal.js';
import { counted, duration, plural } from './words.js';

const REPEAT_SECONDS = 15;
/** share of a generation's time that a step takes, roughly; only for the estimate of the time left */
const WEIGHTS: readonly (readonly [string, number])[] = [
  ['prepare', 0],
  ['sample', 0.02],
  ['finetune', 0.48],
  ['generate', 0.41],
  ['postprocess', 0.01],
  ['score', 0.07],
];
/** What the book-keeping is called; other steps have the names that the documentation has. */
const STEP_WORDS: Readonly<Record<string, string>> = { recordPlan: 'recording the plan', record: 'recording results' };

export class ProgressView {
  readonly #started = Date.now();
  readonly #seen = new Map<string, { line: string; at: number }>();
  readonly #told = new Set<string>();
  #firstShare: number | undefined;
  #painted = 0;

  constructor(
    private readonly out: NodeJS.WriteStream = process.stderr,
    private readonly live = Boolean(process.stderr.isTTY) && process.env.TERM !== 'dumb',
  ) {}

  show(state: ExperimentSnapshot): void {
    const share = shareDone(state);
    if (share !== undefined) this.#firstShare ??= share;
    const watched = (Date.now() - this.#started) / 1000;
    const fresh = share === undefined ? 0 : share - this.#firstShare!;
    const left = fresh > 0.01 && watched > 2 ? (watched * (1 - share!)) / fresh : undefined;
    if (this.live) this.#repaint(progressLines(state, { width: (this.out.columns ?? 100) - 1, left, rows: this.out.rows }));
    else this.#append(headOf(state, left), state);
  }

  /** Ends the repainting, so that what follows is written below. */
  close(): void {
    if (this.live && this.#painted > 0) this.#repaint([]);
    this.#painted = 0;
  }

  #repaint(lines: readonly string[]): void {
    const up = this.#painted > 0 ? `\x1b[${this.#painted}A` : '';
    control(this.out, `${up}\x1b[J`);
    this.out.write(lines.map((line) => `${line}\n`).join(''));
    this.#painted = lines.length;
  }

  #append(head: string, state: ExperimentSnapshot): void {
    const now = Date.now();
    if (state.trouble) this.#once('trouble', state.trouble.reason, `${state.experiment}: ${clean(state.trouble.reason)}`, now);
    for (const sentence of troubleSentences(state)) {
      if (this.#told.has(sentence)) continue;
      this.#told.add(sentence);
      this.out.write(`${clean(sentence)}\n`);
    }
    if (state.runs.length === 0)
      this.#once(
        'head',
        String(state.progress?.done),
        [head, ...state.steps.map((step) => stepText(undefined, step))].join('\n'),
        now,
      );
    for (const run of state.runs) {
      for (const step of run.steps) {
        const what = `${step.generation ?? run.progress?.generation}/${step.step}/${step.attempt}/${step.progress?.phase ?? ''}`;
        const reason = reasonText(step);
        const line = `${run.run}  ${stepText(run, step)}${reason ? `  ${reason}` : ''}  [${head.slice(head.indexOf(':') + 2)}]`;
        this.#once(`${run.run}/${step.step}`, what, line, now);
      }
    }
  }

  #once(subject: string, what: string, line: string, now: number): void {
    const before = this.#seen.get(subject);
    if (before?.line === what && now - before.at < REPEAT_SECONDS * 1000) return;
    this.#seen.set(subject, { line: what, at: now });
    this.out.write(`${line}\n`);
  }
}

export interface ProgressOptions {
  /** columns; a line is wrapped or, where it holds a run's name, shortened in the name. Default: lines of any length */
  readonly width?: number;
  /** lines at most; further runs are counted. Default: all */
  readonly rows?: number;
  /** seconds left, where an estimate is known */
  readonly left?: number;
}

/** An experiment that goes on, as plain lines: how far it is, then a line for each step under way, reasons whole. */
export function progressLines(
  state: ExperimentSnapshot,
  { width = Infinity, rows = Infinity, left }: ProgressOptions = {},
): string[] {
  const lines = wrapIndented(headOf(state, left), width, '  ');
  if (state.trouble) lines.push(...wrapIndented(`  ${clean(state.trouble.reason)}`, width, '    '));
  // the steps under way have the larger part of a terminal
  const sentences = troubleSentences(state).map((sentence) => wrapIndented(`  ${clean(sentence)}`, width, '    '));
  for (const [i, sentence] of sentences.entries()) {
    if (lines.length + sentence.length > rows / 2) {
      lines.push(`  … ${sentences.length - i} more: habsburg status ${state.experiment}`);
      break;
    }
    lines.push(...sentence);
  }
  for (const step of state.steps) lines.push(...stepLines(undefined, step, width));
  const blocks = state.runs.map((run) =>
    run.steps.length > 0
      ? run.steps.flatMap((step) => stepLines(run, step, width))
      : [named(run.run, run.progress?.phase ?? 'starting', width)],
  );
  const waiting = (state.progress?.running.length ?? 0) - blocks.length;
  blocks.forEach((block, i) => {
    const hidden = blocks.length - i + waiting;
    if (lines.length + block.length + (hidden > 1 ? 1 : 0) < rows) lines.push(...block);
    else if (lines.at(-1)?.startsWith('  … ') !== true) lines.push(`  … ${counted(hidden, 'more run')}`);
  });
  return lines;
}

/** What has failed for good so far, of runs that have ended and of those that go on. */
function troubleSentences({ progress, runs }: ExperimentSnapshot): string[] {
  const going = runs.flatMap(({ run, progress }) => {
    const { problems = [], problemCount = 0 } = progress ?? {};
    const more = problemCount - problems.length;
    return [
      ...problems.map((problem) => problemSentence({ run, ...problem })),
      ...(more > 0 ? [`${run} has ${more} more such ${plural(more, 'problem')}`] : []),
    ];
  });
  return [...(progress ? failureSentences(progress) : []), ...going];
}

/** Time left first: what stands last is cut first by whoever shows it. */
function headOf(state: ExperimentSnapshot, left: number | undefined): string {
  const { progress, experiment } = state;
  const elapsed =
    state.startedAt === undefined ? '' : `; ${duration((Date.now() - Date.parse(state.startedAt)) / 1000)} since its start`;
  if (!progress) return `${experiment}: waiting for a worker${elapsed}`;
  const sum = (which: 'computed' | 'reused') =>
    (progress.steps[which] ?? 0) + state.runs.reduce((total, run) => total + (run.progress?.counted[which] ?? 0), 0);
  const parts = [
    ...(progress.paused ? [`paused (habsburg resume ${experiment})`] : []),
    ...(left === undefined || progress.paused ? [] : [`about ${duration(left)} left`]),
    `${progress.done} of ${counted(progress.runs, 'run')} done`,
    ...(progress.failed ? [`${progress.failed} failed`] : []),
  ];
  return `${experiment}: ${parts.join(', ')}${elapsed}; ${counted(sum('computed'), 'step')} computed, ${sum('reused').toLocaleString('en')} reused`;
}

function stepLines(run: RunSnapshot | undefined, step: StepSnapshot, width: number): string[] {
  const reason = reasonText(step);
  return [
    run ? named(run.run, stepText(run, step), width) : `  ${stepText(undefined, step)}`,
    ...(reason ? wrapIndented(`    ${reason}`, width, '    ') : []),
  ];
}

/** A run's name and what it does; where both do not fit, the name is shortened. */
function named(run: string, text: string, width: number): string {
  const room = Math.max(12, width - displayWidth(text) - 4);
  const line = `  ${cutMiddle(run, room)}  ${text}`;
  return displayWidth(line) > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}

/** Loss first, speed last. */
function stepText(run: RunSnapshot | undefined, step: StepSnapshot): string {
  const { progress } = step;
  const name = STEP_WORDS[step.step] ?? step.step.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const parts = [
    ...(run?.progress ? [`generation ${step.generation ?? run.progress.generation} of ${run.progress.generations}`] : []),
    name,
  ];
  if (progress) {
    if (progress.loss !== undefined) parts.push(`loss ${progress.loss.toFixed(3)}`);
    if (progress.phase !== step.step) parts.push(progress.phase);
    parts.push(`${progress.unit} ${progress.done}/${progress.total}`);
    if (progress.epoch !== undefined) parts.push(`epoch ${progress.epoch}`);
    if (progress.imagesPerSecond !== undefined)
      parts.push(`${Math.round(progress.imagesPerSecond).toLocaleString('en')} images/s`);
    if (progress.tokensPerSecond !== undefined)
      parts.push(`${Math.round(progress.tokensPerSecond).toLocaleString('en')} tokens/s`);
  }
  return parts.join('  ');
}

/** Why a step is tried again. */
function reasonText({ attempt, lastFailure }: StepSnapshot): string {
  if (attempt <= 1) return '';
  return `attempt ${attempt}${lastFailure ? `: ${clean(lastFailure)}` : ''}`;
}

/** Share of the experiment's work that is done, in [0, 1]. */
export function shareDone({ progress, runs }: ExperimentSnapshot): number | undefined {
  if (!progress) return undefined;
  const { runs: total, done, failed } = progress;
  let partial = 0;
  for (const run of runs) {
    if (!run.progress) continue;
    let within = 0;
    // the step that holds the next generation up: scores and records are behind, beside it
    const known = run.steps.filter(({ step: name }) => WEIGHTS.some(([weighed]) => weighed === name));
    const step = known.find(({ step: name }) => name !== 'score') ?? known[0];
    if (step) {
      for (const [name, weight] of WEIGHTS) {
        if (name === step.step) {
          within += weight * (step.progress ? step.progress.done / Math.max(1, step.progress.total) : 0);
          break;
        }
        within += weight;
      }
    }
    partial += Math.min(1, (run.progress.generation + within) / (run.progress.generations + 1));
  }
  return (done + failed + partial) / total;
}
