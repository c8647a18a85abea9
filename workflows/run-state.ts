/** How far a run has come. Plain data and transitions between them: no Temporal, tested by itself. */
import type { ArtifactRef } from '../artifacts/types.js';
import type { EvaluateResult, MemberState, RunCarried, RunProblem, RunProgress, RunResult } from './contract.js';

/** Generations that a run can be asked for. */
export const MOST_GENERATIONS = 1_000_000;
/** Of thousands of failures and problems the first few are kept, and how many there were. */
export const KEPT = 10;

export class RunState {
  #phase: RunProgress['phase'] = 'starting';
  /** the last that it has been asked for */
  #asked: number;
  /** the last that it ever has, whatever it is asked for */
  readonly until: number;
  #paused: boolean;
  /** the generation that is under way, or is next; of a step of many generations, its first */
  #next: number;
  /** the last generation that is done; -1: none */
  #reached: number;
  readonly #members: Record<string, MemberState>;
  #chains: ArtifactRef | undefined;
  #computed: number;
  #reused: number;
  #problems: Omit<RunProblem, 'run'>[];
  #problemCount: number;
  readonly #active: string[] = [];
  #finished = false;

  constructor(generations: number, paused = false, carried: Partial<RunCarried> = {}, until = Infinity) {
    this.#asked = carried.generations ?? generations;
    this.until = until;
    this.#paused = paused;
    this.#next = carried.next ?? 0;
    this.#reached = this.#next - 1;
    this.#members = { ...carried.members };
    this.#chains = carried.chains;
    this.#computed = carried.steps?.computed ?? 0;
    this.#reused = carried.steps?.reused ?? 0;
    this.#problems = [...(carried.problems ?? [])];
    this.#problemCount = carried.problemCount ?? this.#problems.length;
  }

  get paused(): boolean {
    return this.#paused;
  }
  /** the last generation that is to be done, as of now */
  get generations(): number {
    return Math.min(this.#asked, this.until);
  }
  get next(): number {
    return this.#next;
  }
  get finished(): boolean {
    return this.#finished;
  }
  get members(): Readonly<Record<string, MemberState>> {
    return this.#members;
  }
  /** of a block of cheap chains: their state before generation `next` */
  get chains(): ArtifactRef | undefined {
    return this.#chains;
  }
  /** Whether there is another generation to do, as of now. */
  get hasMore(): boolean {
    return this.#reached < this.generations;
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** Raises the last generation; never lowers it. */
  extend(generations: number): void {
    this.#asked = Math.max(generations, this.#asked);
  }

  setMember(name: string, state: MemberState): void {
    this.#members[name] = state;
  }

  enter(phase: RunProgress['phase']): void {
    this.#phase = phase;
  }

  /** A generation is done, or a whole step of them, which left `chains`: the next goes on from there. */
  reach(generation: number, chains?: ArtifactRef): void {
    this.#reached = generation;
    this.#next = generation + 1;
    this.#chains = chains;
  }

  /** A step of many generations was cut short by the last one; if there are to be more, it is done anew from where it began. */
  reachWithin(generation: number): void {
    this.#reached = generation;
  }

  began(step: string): void {
    this.#active.push(step);
  }
  counted(cached: boolean): void {
    if (cached) this.#reused++;
    else this.#computed++;
  }
  /** What the evaluations of a generation came to. */
  evaluated({ steps, problems }: Pick<EvaluateResult, 'steps' | 'problems'>): void {
    this.#computed += steps.computed;
    this.#reused += steps.reused;
    for (const problem of problems) this.note(problem);
  }
  left(step: string): void {
    this.#active.splice(this.#active.indexOf(step), 1);
  }

  /** Something beside the chain went wrong for good: told at once, and the chain goes on. */
  note(problem: Omit<RunProblem, 'run'>): void {
    this.#problemCount++;
    if (this.#problems.length < KEPT) this.#problems.push(problem);
  }

  finish(): void {
    this.#finished = true;
    this.#phase = 'done';
  }

  /** What the next execution goes on from; only while nothing is under way. */
  carried(): RunCarried {
    return {
      next: this.#next,
      generations: this.#asked,
      members: { ...this.#members },
      ...(this.#chains ? { chains: this.#chains } : {}),
      steps: { computed: this.#computed, reused: this.#reused },
      problems: [...this.#problems],
      problemCount: this.#problemCount,
    };
  }

  progress(): RunProgress {
    return {
      phase: this.#paused && this.#phase === 'running' ? 'paused' : this.#phase,
      generation: Math.min(this.#next, this.generations),
      generations: this.generations,
      steps: [...this.#active],
      counted: { computed: this.#computed, reused: this.#reused },
      problems: [...this.#problems],
      problemCount: this.#problemCount,
    };
  }

  /**
   * @returns with the generation that was reached, which is not the last where the run heard too late that there are more; where no more
   *   can come, with the last that it was asked for
   */
  result(): RunResult {
    const { counted, problems, problemCount } = this.progress();
    return {
      generations: this.#reached < this.until ? this.#reached : Math.max(this.#reached, this.#asked),
      steps: counted,
      problems,
      problemCount,
    };
  }
}

/** Whether a value from outside is a last generation that a run can have. */
export function isLastGeneration(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_GENERATIONS;
}
