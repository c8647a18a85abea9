/** Runs one job in an engine host process: forwards its events, stores its checkpoints, kills it on cancel or when it hangs. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HabsburgError } from '../common/errors.js';
import { ENGINE_ENVIRONMENT } from '../engine/environment.js';
import type { Job, JobReport } from '../families/types.js';
import type { RunJob } from '../activities/types.js';
import { EngineDied } from '../activities/types.js';
import { LONGEST_LINE, lineSplitter } from './lines.js';
import type { HostRequest } from './protocol.js';
import { PROTOCOL_VERSION, parseHostEvent } from './protocol.js';

export interface EngineClientOptions {
  /** threads of one job */
  readonly threads: number;
  /** no CPU time used for so long means that the engine hangs, seconds */
  readonly stallSeconds?: number;
  /** not one word for so long means that the engine was stopped, seconds; a living one ticks twice a second */
  readonly silenceSeconds?: number;
  /** the program to run in place of our own host */
  readonly host?: string;
}

const HOST = fileURLToPath(new URL('./engine-host.js', import.meta.url));
const STDERR_TAIL = 4_000;
const STALL_SECONDS = 300;
const SILENCE_SECONDS = 60;
/** An engine that has said its result has nothing left to do. */
const LINGER_MS = 10_000;

/** A RunJob that starts a process for every job. */
export function engineClient(options: EngineClientOptions): RunJob {
  return (job, hooks) => new HostRun(job, hooks, options).finish();
}

type Outcome = { readonly report: JobReport } | { readonly error: Error };

/** One job in one process, until the process is gone. */
class HostRun {
  readonly #child;
  readonly #hooks: Parameters<RunJob>[1];
  readonly #job: Job;
  readonly #options: EngineClientOptions;
  readonly #kill = () => void this.#child.kill('SIGKILL');
  #stderr = '';
  #cpuSeconds = -1;
  #lastWork = Date.now();
  #lastWord = Date.now();
  /** the first word that ends the job; what comes after it counts no more */
  #outcome: Outcome | undefined;
  /** it has said its result and did not leave */
  #lingered = false;

  constructor(job: Job, hooks: Parameters<RunJob>[1], options: EngineClientOptions) {
    hooks.signal.throwIfAborted();
    this.#job = job;
    this.#hooks = hooks;
    this.#options = options;
    this.#child = spawn(process.execPath, [options.host ?? HOST], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...ENGINE_ENVIRONMENT },
    });
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
      const tail = this.#stderr.trim().split('\n').slice(-3).join(' | ');
      if (!this.#outcome) throw new EngineDied(`the engine process ended by ${how}${tail ? `: ${tail}` : ''}`);
      // what it left is looked at by whoever asked for it; that it ended well is part of its word
      if (code !== 0 && !this.#lingered)
        throw new EngineDied(`the engine process said that it was done, but ended by ${how}${tail ? `: ${tail}` : ''}`);
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
    this.#send({
      type: 'job',
      version: PROTOCOL_VERSION,
      job: this.#job,
      threads: this.#options.threads,
      device: this.#hooks.device,
      checkpointSeconds: this.#hooks.checkpointSeconds,
      scratch: this.#hooks.scratch,
    });
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
    switch (event.type) {
      case 'hello':
        return this.#checkEngine(event.engine);
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

  /** A step's key names the engine that computes it; another one must not answer to that name. */
  #checkEngine(engine: string): void {
    const { engine: announced } = this.#hooks;
    if (announced === undefined || announced === engine) return;
    this.#end(
      new HabsburgError(
        'unreachable',
        `the engine on this machine is ${engine} now, but the worker that started it announced ${announced}: it was replaced since; start the worker again`,
      ),
    );
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
