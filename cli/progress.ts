/** Shows a running experiment: on a terminal a few lines repainted in place, elsewhere one line an event. Writes to stderr. */
import type { ExperimentSnapshot, RunSnapshot, StepSnapshot } from './snapshot.js';
import { control } from './terminal.js';

const REPEAT_SECONDS = 15;
/** share of a generation's time that a step takes, roughly; only for the estimate of the time left */
const WEIGHTS: readonly (readonly [string, number])[] = [
  ['prepare', 0],
  ['sample', 0.02],
  ['finetune', 0.48],
  ['generate', 0.42],
  ['postprocess', 0.01],
  ['score', 0.07],
];

export class ProgressView {
  readonly #started = Date.now();
  readonly #seen = new Map<string, { line: string; at: number }>();
  #firstShare: number | undefined;
  #painted = 0;

  constructor(
    private readonly out: NodeJS.WriteStream = process.stderr,
    private readonly live = Boolean(process.stderr.isTTY) && process.env.TERM !== 'dumb',
  ) {}

  show(state: ExperimentSnapshot): void {
    const { progress } = state;
    const share = progress ? shareDone(state) : undefined;
    if (share !== undefined) this.#firstShare ??= share;
    const seconds = (Date.now() - this.#started) / 1000;
    const fresh = share === undefined ? 0 : share - this.#firstShare!;
    const left = fresh > 0.01 && seconds > 2 ? `, about ${duration((seconds * (1 - share!)) / fresh)} left` : '';
    const counted = (which: 'computed' | 'reused') =>
      (progress?.steps[which] ?? 0) + state.runs.reduce((sum, run) => sum + (run.progress?.counted[which] ?? 0), 0);
    const head = progress
      ? `${state.experiment}: ${progress.done} of ${progress.runs} runs done${progress.failed ? `, ${progress.failed} failed` : ''}${progress.paused ? ', paused' : ''}; ${counted('computed')} steps computed, ${counted('reused')} reused; ${duration(seconds)}${left}`
      : `${state.experiment}: waiting for a worker, ${duration(seconds)}`;
    const lines = state.steps.map((step) => stepLine({ run: state.experiment, steps: [] }, step));
    lines.push(
      ...state.runs.flatMap((run) =>
        run.steps.length > 0
          ? run.steps.map((step) => stepLine(run, step))
          : [`  ${run.run}  ${run.progress?.phase ?? 'starting'}`],
      ),
    );
    if (this.live) this.#repaint([head, ...lines]);
    else this.#append(head, state);
  }

  /** Ends the repainting, so that what follows is written below. */
  close(): void {
    if (this.live && this.#painted > 0) this.#repaint([]);
    this.#painted = 0;
  }

  #repaint(lines: readonly string[]): void {
    const width = this.out.columns ?? 100;
    const up = this.#painted > 0 ? `\x1b[${this.#painted}A` : '';
    control(this.out, `${up}\x1b[J`);
    this.out.write(lines.map((line) => `${line.slice(0, width - 1)}\n`).join(''));
    this.#painted = lines.length;
  }

  #append(head: string, state: ExperimentSnapshot): void {
    const now = Date.now();
    if (state.runs.length === 0)
      this.#once(
        'head',
        String(state.progress?.done),
        [head, ...state.steps.map((step) => stepLine({ run: state.experiment, steps: [] }, step).trim())].join('\n'),
        now,
      );
    for (const run of state.runs) {
      for (const step of run.steps) {
        const what = `${step.generation ?? run.progress?.generation}/${step.step}/${step.attempt}/${step.progress?.phase ?? ''}`;
        this.#once(`${run.run}/${step.step}`, what, `${stepLine(run, step).trim()}  [${head.slice(head.indexOf(':') + 2)}]`, now);
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

function stepLine(run: RunSnapshot, step: StepSnapshot): string {
  const { progress } = step;
  const parts = [
    `  ${run.run}`,
    ...(run.progress ? [`generation ${step.generation ?? run.progress.generation} of ${run.progress.generations}`] : []),
    step.step,
  ];
  if (progress) {
    if (progress.phase !== step.step) parts.push(progress.phase);
    parts.push(`${progress.unit} ${progress.done}/${progress.total}`);
    if (progress.epoch !== undefined) parts.push(`epoch ${progress.epoch}`);
    if (progress.loss !== undefined) parts.push(`loss ${progress.loss.toFixed(3)}`);
    if (progress.imagesPerSecond !== undefined)
      parts.push(`${Math.round(progress.imagesPerSecond).toLocaleString('en')} images/s`);
    if (progress.tokensPerSecond !== undefined)
      parts.push(`${Math.round(progress.tokensPerSecond).toLocaleString('en')} tokens/s`);
  }
  if (step.attempt > 1) parts.push(`attempt ${step.attempt}${step.lastFailure ? `: ${step.lastFailure}` : ''}`);
  return parts.join('  ');
}

/** Share of the experiment's work that is done, in [0, 1]. */
function shareDone({ progress, runs }: ExperimentSnapshot): number {
  const { runs: total, done, failed, generations } = progress!;
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
    partial += Math.min(1, (run.progress.generation + within) / (generations + 1));
  }
  return (done + failed + partial) / total;
}

/** "42 s", "3 min 5 s", "2 h 10 min". */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
