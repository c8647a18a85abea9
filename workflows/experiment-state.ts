/** Which runs of an experiment wait, go on and are over. Plain data and transitions between them: no Temporal, tested by itself. */
import type {
  ExperimentCarried,
  ExperimentProgress,
  ExperimentResult,
  RunAsked,
  RunFailure,
  RunGoing,
  RunProblem,
  RunResult,
  StepCount,
} from './contract.js';
import { KEPT } from './run-state.js';

/** A run under way, and what it has been told. */
interface Going {
  readonly run: string;
  readonly turn: string;
  /** it can be told more */
  started: boolean;
  /** an earlier execution of the experiment started it, so the server does not tell this one how it closes */
  readonly inherited: boolean;
  paused: boolean;
  generations: number;
}

/** What a run does not know yet. */
export interface RunNews extends Pick<RunGoing, 'index' | 'turn'> {
  readonly paused?: boolean;
  readonly generations?: number;
}

export class ExperimentState {
  readonly #runs: readonly string[];
  #generations: number;
  #paused: boolean;
  /** the first run that has never been started */
  #next: number;
  /** runs that ended before the last generation was raised above theirs: to be run once more, their finished steps are memoised */
  readonly #again: Set<number>;
  readonly #going = new Map<number, Going>();
  readonly #asked: Map<number, RunAsked>;
  readonly #failed: Set<number>;
  readonly #incomplete: Set<number>;
  readonly #failures: RunFailure[];
  readonly #problems: RunProblem[];
  #steps: StepCount;
  #finished = false;
  /** counts what the window has to look at again */
  #changes = 0;

  /** @param runs ids of all runs, in their order */
  constructor(runs: readonly string[], generations: number, carried: Partial<ExperimentCarried> = {}) {
    this.#runs = runs;
    this.#generations = carried.generations ?? generations;
    this.#paused = carried.paused ?? false;
    this.#next = carried.next ?? 0;
    this.#again = new Set(carried.again);
    for (const { index, ...told } of carried.going ?? [])
      this.#going.set(index, { run: runs[index], started: true, inherited: true, ...told });
    this.#asked = new Map((carried.asked ?? []).map((asked) => [asked.index, asked]));
    this.#failed = new Set(carried.failed);
    this.#incomplete = new Set(carried.incomplete);
    this.#failures = [...(carried.failures ?? [])];
    this.#problems = [...(carried.problems ?? [])];
    this.#steps = carried.steps ?? { computed: 0, reused: 0 };
  }

  get generations(): number {
    return this.#generations;
  }
  get paused(): boolean {
    return this.#paused;
  }
  get finished(): boolean {
    return this.#finished;
  }
  get changes(): number {
    return this.#changes;
  }
  /** how many runs are under way */
  get going(): number {
    return this.#going.size;
  }

  /** Whether nothing is under way and nothing waits. */
  get isOver(): boolean {
    return this.#going.size === 0 && !this.hasMore;
  }
  /** Whether a run waits to be started. */
  get hasMore(): boolean {
    return this.#next < this.#runs.length || this.#again.size > 0;
  }

  /** Runs under way that can be told things; `inherited`: that an earlier execution started. */
  underWay(which: { readonly inherited?: true } = {}): readonly Pick<RunGoing, 'index' | 'turn'>[] {
    return [...this.#going]
      .filter(([, { started, inherited }]) => started && (inherited || !which.inherited))
      .map(([index, { turn }]) => ({ index, turn }));
  }

  /**
   * The next run that may start beside those under way, which from now on counts as one of them.
   * @param newTurn a name that no start of any run has had
   */
  begin(atATime: number, newTurn: () => string): RunGoing | undefined {
    if (this.#paused || this.#going.size >= atATime || !this.hasMore) return undefined;
    const index = this.#next < this.#runs.length ? this.#next++ : [...this.#again][0];
    this.#again.delete(index);
    const told = { turn: newTurn(), paused: this.#paused, generations: this.#generations };
    this.#going.set(index, { run: this.#runs[index], started: false, inherited: false, ...told });
    const { paused = told.paused, generations = told.generations } = this.#asked.get(index) ?? {};
    this.#asked.delete(index);
    return { index, turn: told.turn, paused, generations: Math.max(generations, told.generations) };
  }

  /** From now on the run can be told things, if it has not ended before that was heard. */
  started(index: number, turn: string): void {
    const going = this.#of(index, turn);
    if (going) going.started = true;
  }

  #of(index: number, turn: string): Going | undefined {
    const going = this.#going.get(index);
    return going?.turn === turn ? going : undefined;
  }

  /** What each run under way does not know yet; it counts as told. A run that has only been asked for is told once it has started. */
  news(): readonly RunNews[] {
    const news: RunNews[] = [];
    for (const [index, going] of this.#going) {
      const { turn, paused, generations } = going;
      if (!going.started || (paused === this.#paused && generations === this.#generations)) continue;
      going.paused = this.#paused;
      going.generations = this.#generations;
      news.push({
        index,
        turn,
        ...(paused === this.#paused ? {} : { paused: this.#paused }),
        ...(generations === this.#generations ? {} : { generations: this.#generations }),
      });
    }
    return news;
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#changes++;
  }

  /** Raises the last generation; what has ended before is run once more. A run that failed stays failed. */
  extend(generations: number): void {
    this.#generations = generations;
    for (let index = 0; index < this.#next; index++) {
      if (!this.#going.has(index) && !this.#failed.has(index)) this.#again.add(index);
    }
    this.#changes++;
  }

  /**
   * A run came to its end, perhaps before it heard that there are more generations. That is heard in several ways, and counts once:
   * of another turn than the one under way nothing is believed.
   */
  ended(index: number, turn: string, { generations, steps, problems = [], problemCount = problems.length }: RunResult): void {
    if (!this.#of(index, turn)) return;
    this.#steps = { computed: this.#steps.computed + steps.computed, reused: this.#steps.reused + steps.reused };
    const run = this.#runs[index];
    if (problemCount > 0) this.#incomplete.add(index);
    else this.#incomplete.delete(index);
    this.#forget(run);
    for (const problem of problems) if (this.#problems.length < KEPT) this.#problems.push({ run, ...problem });
    if (generations < this.#generations) this.#again.add(index);
    this.#leave(index);
  }

  /** A run failed, or is gone; counts once, as `ended` does. */
  broke(index: number, turn: string, failure: Omit<RunFailure, 'run'>): void {
    if (!this.#of(index, turn)) return;
    this.#failed.add(index);
    this.#incomplete.delete(index);
    this.#forget(this.#runs[index]);
    if (this.#failures.length < KEPT) this.#failures.push({ run: this.#runs[index], ...failure });
    this.#leave(index);
  }

  /** Something of the experiment's own went wrong for good, beside its runs. */
  note(problem: RunProblem): void {
    if (this.#problems.length < KEPT) this.#problems.push(problem);
  }

  finish(): void {
    this.#finished = true;
  }

  #leave(index: number): void {
    this.#going.delete(index);
    this.#changes++;
  }

  /** A run that goes once more tells its problems anew. */
  #forget(run: string): void {
    const kept = this.#problems.filter((problem) => problem.run !== run);
    this.#problems.splice(0, this.#problems.length, ...kept);
  }

  /** What the next execution goes on from. Only while nothing is being asked of the server: what has not been started then is later. */
  carried(): ExperimentCarried {
    const going = [...this.#going];
    return {
      generations: this.#generations,
      paused: this.#paused,
      next: this.#next,
      again: [...this.#again, ...going.filter(([, { started }]) => !started).map(([index]) => index)],
      going: going
        .filter(([, { started }]) => started)
        .map(([index, { turn, paused, generations }]) => ({ index, turn, paused, generations })),
      ...(this.#asked.size > 0 ? { asked: [...this.#asked.values()] } : {}),
      failed: [...this.#failed],
      incomplete: [...this.#incomplete],
      failures: [...this.#failures],
      problems: [...this.#problems],
      steps: this.#steps,
    };
  }

  progress(): ExperimentProgress {
    return {
      runs: this.#runs.length,
      done: this.#next - this.#going.size - this.#failed.size - this.#again.size,
      failed: this.#failed.size,
      failures: [...this.#failures],
      incomplete: this.#incomplete.size,
      problems: [...this.#problems],
      running: [...this.#going.values()].map(({ run }) => run),
      paused: this.#paused,
      generations: this.#generations,
      steps: this.#steps,
    };
  }

  result(): ExperimentResult {
    const { runs, failed, failures, incomplete, problems, steps, generations } = this.progress();
    const status = failed === runs ? 'failed' : failed + incomplete + problems.length > 0 ? 'partly failed' : 'done';
    return { status, runs, failed, failures, incomplete, problems, steps, generations };
  }
}
