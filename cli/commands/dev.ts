/** dev: the embedded Temporal server and workers in the foreground, for several runs and for Temporal's own UI. */
import type { Command } from 'commander';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { startDev, type Dev, type DevEvent } from '../../infra/dev.js';
import { untilInterrupted } from '../interrupt.js';
import { positiveInteger } from '../options.js';
import { DEFAULT_HOME } from '../session.js';

interface Options {
  readonly home: string;
  readonly slots?: string;
  readonly threads?: string;
  readonly port?: string;
  readonly uiPort?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('dev')
    .description('run the embedded Temporal server and workers in the foreground; Ctrl-C stops them')
    .option('--home <dir>', 'folder of the database, logs and default store', DEFAULT_HOME)
    .option('--slots <n>', 'steps at a time; default: one a core')
    .option('--threads <n>', 'engine threads a step; default: the cores shared over the slots')
    .option('--port <n>', 'port of the Temporal server; default: 7233, or a free one')
    .option('--ui-port <n>', "port of Temporal's own UI; default: 8233, or a free one")
    .option('--json', 'print the addresses as one JSON object')
    .addHelpText('after', '\nExample: habsburg dev, then in another terminal: habsburg run quickstart --detach')
    .action((options: Options) => untilInterrupted((signal) => dev(options, signal)));
}

async function dev(options: Options, signal: AbortSignal): Promise<void> {
  const cores = availableParallelism();
  const slots = positiveInteger('--slots', options.slots) ?? cores;
  const threads = positiveInteger('--threads', options.threads) ?? Math.max(1, Math.floor(cores / slots));
  const port = positiveInteger('--port', options.port);
  const uiPort = positiveInteger('--ui-port', options.uiPort);
  const home = resolve(options.home);
  const environment = await startDev({ home, slots, threads, port, uiPort, signal, onEvent: note });
  try {
    announce(environment, options.json ?? false);
    if (!environment.owned) return;
    const interrupted = new Promise<void>((done) =>
      signal.aborted ? done() : signal.addEventListener('abort', () => done(), { once: true }),
    );
    const error = await Promise.race([interrupted, environment.failed]);
    if (error) throw error;
    process.stderr.write('Stopping.\n');
  } finally {
    await environment.stop();
  }
}

function announce({ address, namespace, uiUrl, home, owned }: Dev, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ address, namespace, uiUrl, home, owned })}\n`);
    return;
  }
  const rows = [
    owned ? 'The development environment is up.' : 'The development environment of this folder runs already, in another process.',
    `Temporal server: ${address}, namespace ${namespace}`,
    `Temporal UI:     ${uiUrl}`,
    `Data and logs:   ${home}`,
    ...(owned ? ['Ctrl-C stops it; running experiments go on at the next start.'] : []),
  ];
  process.stdout.write(`${rows.join('\n')}\n`);
}

function note(event: DevEvent): void {
  if (event.type === 'exited')
    process.stderr.write(
      `${event.name} (process ${event.pid}) ended by ${event.exit.signal ?? `exit code ${event.exit.code}`}; starting it again\n`,
    );
  if (event.type === 'started' && event.restarts > 0) process.stderr.write(`${event.name} is back (process ${event.pid})\n`);
}
