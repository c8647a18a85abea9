/** The other end of an engine's program: asks who it is, runs jobs in it, stores their checkpoints, kills it on cancel or when it hangs. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HabsburgError } from '../common/errors.js';
import { ENGINE_ENVIRONMENT } from '../engine/environment.js';
import type { Job, JobReport } from '../kinds/host/types.js';
import type { Device } from '../engine/devices.js';
import { environmentOfEngine } from './environment.js';
import { checkJob, deviceRefusal } from './capabilities.js';
import { LONGEST_LINE, lineSplitter } from './lines.js';
import type { Heard, Hello, HostRequest } from './protocol.js';
import { ASKED_DEVICE, PROTOCOL_VERSION, parseHostEvent } from './protocol.js';
import { engineRow, type EngineId } from './registry.js';
import { EngineDied, type JobHooks, type RunJob } from './run-job.js';

export interface EngineOptions {
  /** threads of one job */
  readonly threads: number;
  /** no CPU time used for so long means that the engine hangs, seconds */
  readonly stallSeconds?: number;
  /** not one word for so long means that the engine was stopped, seconds; a living one ticks twice a second */
  readonly silenceSeconds?: number;
  /** whether this one is there, not only known to the engine, is to be found out first; default: cpu, which always is */
  readonly device?: Device;
  /** another command line than the registry's */
  readonly command?: readonly [string, ...string[]];
}

/** An engine as a worker has it: what it said of itself when the worker started, and a way to run jobs in it. */
export interface Engine {
  readonly hello: Hello;
  /** @throws HabsburgError 'invalid' where it has no such device */
  fingerprint(device: Device): string;
  readonly run: RunJob;
}

const STDERR_TAIL = 4_000;
const STALL_SECONDS = 300;
const SILENCE_SECONDS = 60;
/** An engine that has said its result has nothing left to do. */
const LINGER_MS = 10_000;

/**
 * Starts the engine's program once and hears who it is. Every job is then run in a process of its own, which has to say the same.
 * @throws HabsburgError 'unreachable' where it cannot be started or is another
 */
export async function openEngine(id: EngineId, options: EngineOptions): Promise<Engine> {
  const command = options.command ?? engineRow(id).command;
  const hello = await hear(id, command, options.device, (options.silenceSeconds ?? SILENCE_SECONDS) * 1000);
  const fingerprint = (device: Device): string => {
    const lack = hello.lacks?.[device];
    if (lack !== undefined) throw new HabsburgError('invalid', lack);
    const known = hello.fingerprints[device];
    if (known !== undefined && hello.can.devices.includes(device)) return known;
    throw new HabsburgError('invalid', deviceRefusal(id, { devices: devicesOf(hello) }, device)!);
  };
  return {
    hello,
    fingerprint,
    // whatever it cannot do is refused before a process is started
    run: async (job, hooks) => {
      checkJob(id, hello.can, job);
      return new HostRun(job, hooks, { ...options, id, command, announced: fingerprint(hooks.device ?? 'cpu') }).finish();
    },
  };
}

const devicesOf = ({ can, fingerprints }: Hello): Device[] => can.devices.filter((device) => fingerprints[device] !== undefined);

function startProgram(
  [program, ...words]: readonly [string, ...string[]],
  environment: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  const beside = (word: string): string => (word.startsWith('./') ? fileURLToPath(new URL(word, import.meta.url)) : word);
  return spawn(program === 'node' ? process.execPath : beside(program), words.map(beside), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...environmentOfEngine(process.env), ...ENGINE_ENVIRONMENT, ...environment },
  });
}

/** The first thing that a program says. */
async function hear(
  id: EngineId,
  command: readonly [string, ...string[]],
  device: Device | undefined,
  patience: number,
): Promise<Hello> {
  const child = startProgram(command, device && { [ASKED_DEVICE]: device });
  let stderr = '';
  child.stdin.on('error', () => undefined);
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-STDERR_TAIL)));
  let timer: NodeJS.Timeout | undefined;
  try {
    const said = await new Promise<string>((resolve, reject) => {
      const refuse = (what: string) =>
        reject(new HabsburgError('unreachable', `the engine ${id} (${command.join(' ')}) ${what}`));
      child.stdout.on(
        'data',
        lineSplitter(resolve, () => refuse(`said a line of more than ${LONGEST_LINE} bytes`)),
      );
      child.once('error', ({ message }) => refuse(`cannot be started: ${message}`));
      child.once('close', (code, signal) =>
        refuse(`ended by ${signal ?? `exit code ${code}`} before it said who it is${tailOf(stderr)}`),
      );
      timer = setTimeout(() => refuse(`has not said who it is for ${patience / 1000} s`), patience);
    });
    return greeting(id, parseHostEvent(said));
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

/** @throws HabsburgError where the first thing that was said is no hello, or another engine's */
function greeting(id: EngineId, heard: Heard): Hello {
  if (heard.type !== 'hello') {
    const { version } = heard.type === 'malformed' ? heard : {};
    throw new HabsburgError(
      'unreachable',
      version === undefined || version === PROTOCOL_VERSION
        ? `the program of the engine ${id} does not begin with hello as protocol ${PROTOCOL_VERSION} has it, but with ${heard.type === 'malformed' ? heard.said : heard.type}`
        : `the program of the engine ${id} speaks protocol ${version}, and this worker ${PROTOCOL_VERSION}; install the same release of both`,
    );
  }
  if (heard.id !== id)
    throw new HabsburgError(
      'unreachable',
      `the program of the engine ${id} says that it is the engine ${heard.id}; start the right one`,
    );
  const { fingerprints, can, lacks } = heard;
  return { id, fingerprints, can, ...(lacks && { lacks }) };
}

const tailOf = (stderr: string): string => {
  const tail = stderr.trim().split('\n').slice(-3).join(' | ');
  return tail ? `: ${tail}` : '';
};

type Outcome = { readonly report: JobReport } | { readonly error: Error };

interface RunOptions extends Omit<EngineOptions, 'command'> {
  readonly id: EngineId;
  readonly command: readonly [string, ...string[]];
  /** fingerprint of the worker's start, where the activity names none */
  readonly announced: string;
}

/** One job in one process, until the process is gone. */
class HostRun {
  readonly #child;
  readonly #hooks: JobHooks;
  readonly #job: Job;
  readonly #options: RunOptions;
  readonly #kill = () => void this.#child.kill('SIGKILL');
  #stderr = '';
  #cpuSeconds = -1;
  #lastWork = Date.now();
  #lastWord = Date.now();
  /** the first word that ends the job; what comes after it counts no more */
  #outcome: Outcome | undefined;
  #greeted = false;
  /** it has said its result and did not leave */
  #lingered = false;

  constructor(job: Job, hooks: JobHooks, options: RunOptions) {
    hooks.signal.throwIfAborted();
    this.#job = job;
    this.#hooks = hooks;
    this.#options = options;
    this.#child = startProgram(options.command);
  }

  async finish(): Promise<JobReport> {
    const { signal } = this.#hooks;
    signal.addEventListener('abort', this.#kill, { once: true });
    const watch = setInterval(() => this.#watch(), 1_000);
    try {
      const [code, by] = await this.#talk();
      signal.throwIfAborted();
      const how = by ?? `exit code ${code}`;
      if (this.#outcome && 'error' in this.#outcome) throw this.#outcome.error;
      const tail = tailOf(this.#stderr);
      if (!this.#outcome) throw new EngineDied(`the engine process ended by ${how}${tail}`);
      // what it left is looked at by whoever asked for it; that it ended well is part of its word
      if (code !== 0 && !this.#lingered)
        throw new EngineDied(`the engine process said that it was done, but ended by ${how}${tail}`);
      return this.#outcome.report;
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', this.#kill);
      this.#kill();
    }
  }

  async #talk(): Promise<[number | null, NodeJS.Signals | null]> {
    const { stdin, stdout, stderr } = this.#child;
    stderr.on('data', (chunk: Buffer) => this.#note(chunk.toString()));
    stdin.on('error', () => undefined); // the exit handler says what happened
    stdout.on(
      'data',
      lineSplitter(
        (line) => this.#onLine(line),
        () => this.#end(new EngineDied(`the engine said a line of more than ${LONGEST_LINE} bytes and was stopped`)),
      ),
    );
    return new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (...exit) => resolve(exit));
    });
  }

  #send(message: HostRequest): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #note(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
  }

  /** Ends the job, unless it has ended already; the process has to go. */
  #end(error: Error): void {
    this.#outcome ??= { error };
    this.#kill();
  }

  #watch(): void {
    const silence = this.#options.silenceSeconds ?? SILENCE_SECONDS;
    if (Date.now() - this.#lastWord > silence * 1000)
      this.#end(new EngineDied(`the engine said nothing for ${silence} s and was stopped`));
  }

  #onLine(line: string): void {
    this.#lastWord = Date.now();
    if (this.#outcome) return;
    const event = parseHostEvent(line);
    if (!this.#greeted) return this.#greet(event);
    switch (event.type) {
      case 'hello':
        return;
      case 'tick':
        return this.#onTick(event.cpuSeconds);
      case 'progress':
        this.#lastWork = Date.now();
        return this.#hooks.progress(event.progress);
      case 'checkpoint':
        this.#hooks.checkpoint(event.folder).then(
          () => this.#send({ type: 'checkpoint-saved', id: event.id }),
          (error: Error) => this.#send({ type: 'checkpoint-failed', id: event.id, message: error.message }),
        );
        return;
      case 'result':
        this.#outcome = { report: event.report };
        setTimeout(() => ((this.#lingered = true), this.#kill()), LINGER_MS).unref();
        return;
      case 'error':
        this.#outcome = { error: new HabsburgError(event.kind, event.message, { details: { stack: event.stack } }) };
        return;
      case 'malformed':
        this.#note(`\n(not the protocol) ${event.said}`);
    }
  }

  /** A step's key names the engine that computes it; another one must not answer to that name, and does not get the job. */
  #greet(heard: Heard): void {
    const { id, announced, threads } = this.#options;
    const { device, engine = announced, checkpointSeconds, scratch } = this.#hooks;
    try {
      const own = greeting(id, heard).fingerprints[device ?? 'cpu'];
      if (own !== engine)
        throw new HabsburgError(
          'unreachable',
          `the engine ${id} is ${own ?? `without ${device}`} now, but the worker that started it announced ${engine}: it was replaced since; start the worker again`,
        );
    } catch (error) {
      return this.#end(error as Error);
    }
    this.#greeted = true;
    this.#send({ type: 'job', job: this.#job, threads, device, checkpointSeconds, scratch });
  }

  #onTick(cpuSeconds: number): void {
    if (cpuSeconds - this.#cpuSeconds > 0.01) this.#lastWork = Date.now();
    this.#cpuSeconds = cpuSeconds;
    const stall = this.#options.stallSeconds ?? STALL_SECONDS;
    if (Date.now() - this.#lastWork > stall * 1000)
      this.#end(new EngineDied(`the engine used no processor time for ${stall} s and was stopped`));
    else this.#hooks.alive();
  }
}
