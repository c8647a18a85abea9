/**
 * Experiments: the workflows as they are, under a server, workers and a store that are modelled. Runs fail, pause, are extended, ended by
 * force and continue as new at any moment; what the experiment says in the end is held against what happened.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type {
  ExperimentInput,
  ExperimentProgress,
  ExperimentResult,
  RunEnding,
  RunInput,
  RunResult,
} from '../../workflows/contract.js';
import type { RecordInput } from '../../activities/types.js';
import type { ResultDocument } from '../../spec/documents.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { resolveExperiment } from '../../spec/resolve.js';
import { expand } from '../../spec/expand.js';
import { evaluate, experiment, run } from '../../workflows/index.js';
import { ALL_RUNS_FAILED } from '../../workflows/contract.js';
import type { Deed, Played, Scenario, Schedule } from './schedule.js';
import { serveWorkflows } from './sdk/workflow.js';
import { Server, type Chain, type Execution } from './server.js';
import { Simulation, Violation, inside } from './simulation.js';

const STEPS = new Set(['prepare', 'view', 'postprocess', 'sample', 'finetune', 'generate', 'score', 'simulate']);
/** Beside the chain: neither held up by a pause, nor holding anything up. */
const BESIDE = new Set(['score']);
/** ms that a slot may stand empty while a run waits: what a continuing as new takes, and what is asked of the server before it */
const IDLE_MS = 15_000;
/** ms that a word of the experiment may take to its runs, those that are being started included */
const REACHED_MS = 20_000;
/** ms after which nothing happens to the world that is not part of its own end */
const DISTURBED_MS = 200_000;
const LIMIT_MS = 12 * 3600_000;

const plans = new Map<string, ExperimentPlan>();
function planOf({ runs, generations, concurrency, chains }: Schedule['sizes']): ExperimentPlan {
  const key = [runs, generations, concurrency, chains].join();
  let plan = plans.get(key);
  if (!plan) {
    const head = { schemaVersion: 1, name: 'e', execution: { concurrency } };
    const steps = {
      seeds: Array.from({ length: runs }, (_, i) => i + 1),
      generations,
      data: { train: 'grammar:zipf', block: 16 },
      tokenizer: { kind: 'bpe', vocabulary: 300 },
      population: [
        {
          name: 'm',
          base: { kind: 'scratch', architecture: { hidden: 16, layers: 1, heads: 2 } },
          start: 'previous',
          training: { epochs: 1, batch: 4, learningRate: 0.001 },
          decoding: { strategy: 'greedy' },
          prompts: 'original',
        },
      ],
      conditions: [{ name: 'c', mixture: { kind: 'replace' } }],
      metrics: ['perplexity'],
    };
    // a run has five seeds, a step fifty generations
    const cheap = {
      seeds: Array.from({ length: 5 * runs }, (_, i) => i),
      generations: 40 * generations,
      population: [{ name: 'm', family: 'gmm', components: 1, maxIterations: 2, sample: 6 }],
      conditions: [{ name: 'c', mixture: { kind: 'replace' } }],
    };
    const resolved = resolveExperiment({ ...head, ...(chains ? cheap : steps) });
    if (!resolved.plan) throw new Error(JSON.stringify(resolved.problems));
    plan = resolved.plan;
    plans.set(key, plan);
  }
  return plan;
}

const ids = new Map<ExperimentPlan, readonly string[]>();
function runsOf(plan: ExperimentPlan): readonly string[] {
  let found = ids.get(plan);
  if (!found) ids.set(plan, (found = expand(plan).map(({ id }) => id)));
  return found;
}

/** What is known of a run's workflow from outside, for as long as it is one. */
interface Known {
  /** step results that it was given, itself or an evaluation of its */
  computed: number;
  reused: number;
  /** what failed for good beside its chain */
  problems: number;
  /** the last generation that it was promised to reach, by itself */
  asked: number;
  /** when an operator let it go on by itself */
  freed: number;
  /** when it closed */
  closed: number;
  /** its last word, once that was heard: one that is ended by force after it has come to what it said */
  said?: RunEnding;
}

class World {
  readonly server: Server;
  readonly #plan: ExperimentPlan;
  readonly #runs: readonly string[];
  readonly #memo = new Map<string, unknown>();
  readonly #documents: ResultDocument[] = [];
  readonly #known = new Map<Chain, Known>();
  /** of each run, all its workflows */
  readonly #starts: Chain[][];
  readonly #failing = new Map<string, Deed>();
  /** the last generation that was promised */
  #asked: number;
  /** when the experiment was asked to end */
  #canceled = Infinity;
  /** since when its pause lasts */
  #pausedSince = Infinity;
  #idleSince: number | undefined;
  #experiment!: Chain;
  #made = 0;

  constructor(
    readonly simulation: Simulation,
    readonly schedule: Schedule,
  ) {
    const { sizes } = schedule;
    this.#plan = planOf(sizes);
    this.#runs = runsOf(this.#plan);
    this.#starts = this.#runs.map(() => []);
    this.#asked = this.#plan.generations;
    this.server = new Server(simulation);
    this.server.activity = (...call) => this.#activity(...call);
    this.server.afterTask = (execution) => this.#afterTask(execution);
    simulation.check = () => this.#check();
  }

  async play(): Promise<void> {
    const { simulation, schedule, server } = this;
    serveWorkflows(server);
    const input: ExperimentInput = { plan: this.#plan, store: 's', eventLimit: schedule.sizes.events };
    this.#experiment = server.start('e', experiment, input);
    for (const deed of schedule.deeds) {
      if (deed.what.startsWith('fail')) this.#failing.set(failureName(deed), deed);
      else simulation.after(deed.at, () => this.#do(deed));
    }
    this.#freeAll(DISTURBED_MS);
    await simulation.run(LIMIT_MS, () => this.#experiment.closed !== undefined && server.quiet);
    this.#checkEnd();
  }

  /** Whoever was paused goes on in the end. */
  #freeAll(ms: number): void {
    this.simulation.after(ms, () => {
      this.server.update('e', 'resume', [], () => undefined);
      for (const [index] of this.#runs.entries()) this.#do({ at: ms, what: 'resume run', whom: index });
      if (!this.#experiment.closed) this.#freeAll(60_000);
    });
  }

  #do({ what, whom = 0, more = 1 }: Deed): void {
    const { server, simulation } = this;
    const index = whom % this.#runs.length;
    const id = `e/${this.#runs[index]}`;
    const step = this.schedule.sizes.chains ? 35 * more : more;
    simulation.say(`operator: ${what} ${what.endsWith('run') ? id : ''} ${what.startsWith('extend') ? `by ${step}` : ''}`);
    switch (what) {
      case 'pause':
      case 'resume':
        server.update('e', what, [], () => undefined);
        return;
      case 'extend': {
        const to = this.#asked + step;
        server.update('e', 'extend', [to], (accepted) => accepted && (this.#asked = Math.max(this.#asked, to)));
        return;
      }
      case 'cancel':
        if (server.cancel('e')) this.#canceled = Math.min(this.#canceled, simulation.now);
        return;
      case 'check':
        server.signal('e', 'check', []);
        return;
      case 'new version':
        server.version++;
        return;
      case 'pause run':
      case 'resume run': {
        const chain = server.executions.get(id)?.chain;
        server.update(id, what.slice(0, -4), [], () => chain && (this.#of(chain).freed = simulation.now));
        return;
      }
      case 'extend run': {
        const progress = server.query(id, 'progress') as { generations: number } | undefined;
        const chain = server.executions.get(id)?.chain;
        if (!progress || !chain) return;
        const to = progress.generations + step;
        server.update(id, 'extend', [to], (accepted) => {
          const known = this.#of(chain);
          if (accepted) known.asked = Math.max(known.asked, to);
        });
        return;
      }
      case 'cancel run':
        server.cancel(id);
        return;
      case 'end run':
        server.terminate(id);
        return;
      default:
        throw new Error(`internal: ${what}`);
    }
  }

  #of(chain: Chain): Known {
    let known = this.#known.get(chain);
    if (!known)
      this.#known.set(chain, (known = { computed: 0, reused: 0, problems: 0, asked: 0, freed: -Infinity, closed: Infinity }));
    return known;
  }
  /** The run that an execution is of, or evaluates for. */
  #runOf({ chain }: Execution): Chain {
    return chain.workflow === evaluate ? chain.parent!.execution.chain : chain;
  }

  // ---- activities, as far as workflows see them

  #activity(
    name: string,
    input: any,
    _queue: string,
    of: Execution,
    done: (answer: any, error?: unknown) => void,
  ): { cancel(): void } {
    const { simulation } = this;
    if (of.chain.workflow === run && STEPS.has(name) && !BESIDE.has(name)) this.#mayStep(of, name);
    let over = false;
    const end = (answer: any, error?: unknown) => {
      if (over) return;
      over = true;
      if (of.open) this.#count(of, name, answer, error);
      done(answer, error);
    };
    const attempt = () => {
      simulation.after(simulation.delay(STEPS.has(name) ? 15_000 : 2_000), () => {
        if (over) return;
        const lost = simulation.calm ? 1 : simulation.chance();
        // a worker dies before, or after it has left what it did
        if (lost < 0.02) return void simulation.after(30_000, attempt);
        const [answer, error] = this.#compute(name, input);
        if (lost < 0.04) return void simulation.after(30_000, attempt);
        simulation.say(`${of.chain.id}: ${name} ${input.place?.generation ?? input.document?.generation ?? ''} ${error ? 'fails' : answer?.cached ? 'is remembered' : 'is done'}`); // prettier-ignore
        end(answer, error);
      });
    };
    attempt();
    return {
      cancel: () => simulation.after(simulation.delay(2_000), () => end(undefined, new CancelledFailure('Activity cancelled'))),
    };
  }

  #count(of: Execution, name: string, answer: any, error: unknown): void {
    const known = this.#of(this.#runOf(of));
    if (error === undefined && STEPS.has(name)) known[answer.cached ? 'reused' : 'computed']++;
    if (error !== undefined && !(error instanceof CancelledFailure) && (name === 'score' || name === 'record')) known.problems++;
  }

  #compute(name: string, input: any): [answer: any, error?: unknown] {
    const fails = (what: string, index: number, generation: number) => {
      const deed = this.#failing.get(`${what} ${index} ${generation}`);
      return deed && ApplicationFailure.create({ type: 'habsburg.failed', message: `${what} fails`, nonRetryable: true });
    };
    if (name === 'chooseEngine') return ['engine'];
    if (name === 'recordPlan') return [`sha256:${'0'.repeat(64)}`];
    if (name === 'record') {
      const { document } = input as RecordInput;
      const what = { 'habsburg.run/v2': '', 'habsburg.generation/v1': 'fail generation', 'habsburg.evaluation/v1': 'fail evaluation' }[document.schema]; // prettier-ignore
      const error = what && fails(what, this.#runs.indexOf(document.run), (document as { generation: number }).generation);
      if (error) return [undefined, error];
      this.#documents.push(document);
      return [undefined];
    }
    const { seed, generation, member } = input.place as { seed: number; generation: number; member: string };
    const index = this.schedule.sizes.chains ? Math.floor((input.seeds?.[0] ?? 0) / 5) : seed - 1;
    const error = fails(`fail ${name}`, index, generation);
    if (error) return [undefined, error];
    const { place: _place, ...rest } = input;
    const key = JSON.stringify([name, seed, generation, member, rest]);
    const known = this.#memo.get(key);
    if (known) return [{ ...(known as object), cached: true }];
    const ref = (kind: string) => ({ kind, digest: `sha256:${name}-${this.#made++}`, size: 1 });
    const left: Record<string, () => object> = {
      prepare: () => ({ train: ref('dataset'), valid: ref('dataset'), test: ref('dataset'), tokenizer: ref('tokenizer') }),
      sample: () => ({ train: ref('selection') }),
      finetune: () => ({ model: ref('model') }),
      generate: () => ({ generated: ref('dataset') }),
      score: () => ({ scores: ref('scores') }),
      simulate: () => ({ state: ref('state'), series: ref('series') }),
    };
    const answer = {
      key: `sha256:key-${this.#made++}`,
      cached: false,
      outputs: left[name](),
      report: {},
      ...(name === 'score' && {
        failures: [],
        metrics: 'sha256:metrics',
        tables: {},
        counts: { observations: { computed: 0, reused: 0 }, evaluations: { computed: 0, reused: 0 } },
      }),
    };
    this.#memo.set(key, answer);
    return [answer];
  }

  // ---- what must hold at any moment

  /** A run that has heard of a pause begins no step, and it hears of its experiment's. */
  #mayStep(of: Execution, name: string): void {
    const { simulation } = this;
    const progress = of.handlers.get('progress')!.handle() as { phase: string };
    if (progress.phase === 'paused') simulation.violated(`${of.chain.id} begins ${name} while it is paused`);
    if (simulation.now - this.#pausedSince > REACHED_MS && this.#of(of.chain).freed < this.#pausedSince)
      simulation.violated(`${of.chain.id} begins ${name}, and the experiment is paused`);
  }

  #afterTask(execution: Execution): void {
    if (execution.chain !== this.#experiment) return;
    const { concurrency } = this.schedule.sizes;
    const { paused } = (execution.handlers.get('progress')?.handle() ?? {}) as Partial<ExperimentProgress>;
    // it is carried over while it continues as new
    if (paused !== undefined) this.#pausedSince = paused ? Math.min(this.#pausedSince, this.simulation.now) : Infinity;
    const idle = () => {
      if (execution.canceled || execution.close?.by === 'completed') return false;
      const progress = execution.handlers.get('progress')?.handle() as ExperimentProgress;
      const waiting = progress.runs - progress.done - progress.failed - progress.running.length;
      const begun = this.#starts.some((starts) => starts.length > 0);
      if (progress.done < 0 || waiting < 0) this.simulation.violated(`the experiment counts ${JSON.stringify(progress)}`);
      return begun && !progress.paused && waiting > 0 && progress.running.length < concurrency;
    };
    this.#idleSince = idle() ? (this.#idleSince ?? this.simulation.now) : undefined;
  }

  #check(): void {
    const { simulation, server, schedule } = this;
    let going = 0;
    for (const [index, id] of this.#runs.entries()) {
      const execution = server.executions.get(`e/${id}`);
      if (!execution) continue;
      const starts = this.#starts[index];
      if (starts.at(-1) !== execution.chain) starts.push(execution.chain);
      if (execution.chain.closed) {
        const known = this.#of(execution.chain);
        known.closed = Math.min(known.closed, simulation.now);
      }
      if (execution.open && !this.#of(execution.chain).said) going++;
    }
    if (going > schedule.sizes.concurrency)
      throw new Violation(`${going} runs are under way, and only ${schedule.sizes.concurrency} may be`);
    if (this.#idleSince !== undefined && simulation.now - this.#idleSince > IDLE_MS && !this.#experiment.closed)
      throw new Violation('a slot of the window stands empty while a run waits');
  }

  heard(ending: RunEnding): void {
    for (const chain of this.#starts[ending.index] ?? [])
      if ((chain.inputs[0] as RunInput).startedBy?.turn === ending.turn) this.#of(chain).said = ending;
  }
  /** What a run came to; undefined: it has no result. */
  #resultOf(chain: Chain): RunResult | undefined {
    return chain.closed === 'terminated' ? this.#of(chain).said?.result : (chain.result as RunResult | undefined);
  }

  // ---- what must hold in the end

  #checkEnd(): void {
    const wrong = (what: string): never => {
      throw new Violation(what);
    };
    const experimentEnd = this.#experiment;
    for (const starts of this.#starts) for (const chain of starts) this.#checkRun(chain);
    if (experimentEnd.closed === 'canceled') {
      if (this.#canceled === Infinity) wrong('the experiment was cancelled by nobody');
      for (const [chain, { closed }] of this.#known)
        if (chain.closed === 'completed' && closed > this.#canceled + REACHED_MS)
          wrong(`${chain.id} goes on to its end, though the experiment was cancelled`);
      return;
    }
    const result: ExperimentResult =
      experimentEnd.closed === 'completed'
        ? experimentEnd.result
        : ((experimentEnd.failure as ApplicationFailure).details?.[0] as ExperimentResult);
    if (experimentEnd.closed !== 'completed' && (experimentEnd.failure as ApplicationFailure).type !== ALL_RUNS_FAILED)
      wrong(`the experiment failed: ${String(experimentEnd.failure)}`);
    const steps = { computed: 0, reused: 0 };
    const failed: string[] = [];
    let incomplete = 0;
    for (const [index, starts] of this.#starts.entries()) {
      const id = this.#runs[index];
      const last = starts.at(-1) ?? wrong(`${id} was never started`);
      for (const chain of starts) {
        const own = this.#resultOf(chain)?.steps ?? { computed: 0, reused: 0 };
        steps.computed += own.computed;
        steps.reused += own.reused;
      }
      const came = this.#resultOf(last);
      if (!came) failed.push(id);
      else {
        if (came.generations < this.#asked) wrong(`${id} ended at generation ${came.generations} of ${this.#asked}`);
        if (came.problemCount > 0) incomplete++;
      }
    }
    const counted = { failed: failed.length, incomplete, ...steps, generations: this.#asked };
    const said = { failed: result.failed, incomplete: result.incomplete, ...result.steps, generations: result.generations };
    if (JSON.stringify(counted) !== JSON.stringify(said))
      wrong(`the experiment says ${JSON.stringify(said)}, and ${JSON.stringify(counted)} happened`);
    const status = failed.length === this.#runs.length ? 'failed' : failed.length + incomplete > 0 ? 'partly failed' : 'done';
    if (result.status !== status) wrong(`the experiment is ${result.status} in place of ${status}`);
  }

  #checkRun(chain: Chain): void {
    const wrong = (what: string): never => {
      throw new Violation(`${chain.id} ${what}`);
    };
    const known = this.#of(chain);
    const id = chain.id.slice(2);
    const own = this.#documents.filter((document) => document.run === id);
    const isLast = this.#starts[this.#runs.indexOf(id)].at(-1) === chain;
    const statuses = own.filter((one) => one.schema === 'habsburg.run/v2');
    if (isLast && chain.closed !== 'terminated') {
      const status = { completed: 'done', failed: 'failed', canceled: 'canceled' }[chain.closed!];
      // one that was cancelled before it began has nothing to say
      const last = statuses.at(-1)?.status;
      if (last !== status && (chain.closed !== 'canceled' || last !== undefined))
        wrong(`is ${chain.closed}, and its documents say ${String(last)}`);
    }
    if (chain.closed !== 'completed') return;
    const { generations, steps, problemCount } = chain.result as RunResult;
    if (generations < known.asked) wrong(`ended at generation ${generations} of ${known.asked}`);
    if (steps.computed !== known.computed || steps.reused !== known.reused)
      wrong(`says ${JSON.stringify(steps)} of its steps, and was given ${JSON.stringify(known)}`);
    if (problemCount !== known.problems) wrong(`tells of ${problemCount} problems, and had ${known.problems}`);
    if (!isLast) return;
    const index = this.#runs.indexOf(id);
    const written = new Set<number>();
    for (const one of own)
      if (one.schema === 'habsburg.generation/v1')
        for (let t = one.generation; t <= (one.to ?? one.generation); t++) written.add(t);
    const evaluated = new Set(own.map((one) => (one.schema === 'habsburg.evaluation/v1' ? one.generation : -1)));
    for (let t = 0; t <= generations; t++) {
      if (!written.has(t) && !this.#failing.has(`fail generation ${index} ${t}`) && !this.schedule.sizes.chains)
        wrong(`has no document of its generation ${t}`);
      if (!this.schedule.sizes.chains && !evaluated.has(t) && !this.#failing.has(`fail evaluation ${index} ${t}`))
        wrong(`has no evaluation of its generation ${t}`);
    }
    if (this.schedule.sizes.chains && !this.schedule.deeds.some(({ what }) => what.startsWith('fail')))
      for (let t = 0; t <= generations; t++) if (!written.has(t)) wrong(`has no document of its generation ${t}`);
  }
}

const failureName = ({ what, whom, more }: Deed) => `${what} ${whom} ${more}`;

const DEEDS: readonly (readonly [string, number])[] = [
  ['extend', 3],
  ['pause', 2],
  ['resume', 2],
  ['extend run', 1],
  ['pause run', 1],
  ['resume run', 1],
  ['check', 1],
  ['new version', 1],
  ['cancel', 1],
  ['cancel run', 1],
  ['end run', 1],
  ['fail score', 2],
  ['fail generation', 2],
  ['fail evaluation', 1],
  ['fail finetune', 1],
  ['fail simulate', 1],
];

export const experiments: Scenario = {
  name: 'experiments',
  least: { runs: 1, generations: 0, concurrency: 1, events: 25, chains: 0 },
  schedule(seed) {
    const dice = new Simulation(seed);
    // another stream than the one that the world draws from
    for (let i = 0; i < 4; i++) dice.chance();
    const sizes = {
      runs: 1 + dice.pick(4),
      generations: dice.pick(3),
      concurrency: 1 + dice.pick(3),
      events: [25, 40, 80, 1_000][dice.pick(4)],
      chains: dice.pick(4) === 0 ? 1 : 0,
    };
    const bag = DEEDS.flatMap(([what, weight]) => new Array<string>(weight).fill(what));
    const deeds = Array.from({ length: dice.pick(7) }, (): Deed => {
      const what = bag[dice.pick(bag.length)];
      const at = dice.pick(DISTURBED_MS / 2);
      return { at, what, whom: dice.pick(sizes.runs), more: what.startsWith('fail') ? dice.pick(3) : 1 + dice.pick(2) };
    });
    return { seed, sizes, deeds };
  },
  async play(schedule, options): Promise<Played> {
    const simulation = new Simulation(schedule.seed, { ...options, calm: schedule.calm });
    let failure: Error | undefined;
    await inside(simulation, async () => {
      const world = new World(simulation, schedule);
      const signal = world.server.signal.bind(world.server);
      world.server.signal = (id, name, args) => {
        const heard = signal(id, name, args);
        if (heard && id === 'e' && name === 'ended') world.heard(args[0] as RunEnding);
        return heard;
      };
      await world.play().catch((error: unknown) => (failure = error as Error));
    });
    return { events: simulation.events, trace: simulation.trace ?? [], failure };
  },
};
