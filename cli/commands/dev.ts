/** dev: the embedded Temporal server and workers in the foreground, for several runs and for Temporal's own UI. */
import type { Command } from 'commander';
import { availableParallelism } from 'node:os';
import { startDev, type Dev, type DevEvent } from '../../infra/dev.js';
import type { CommandModule } from '../command.js';
import { untilInterrupted } from '../interrupt.js';
import { positiveInteger } from '../options.js';
import { printJson } from '../output.js';
import { homeOf, withHome } from '../session.js';

interface Options {
  readonly home?: string;
  readonly slots?: string;
  readonly threads?: string;
  readonly port?: string;
  readonly uiPort?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const dev: CommandModule = {
  register(program: Command): void {
    withHome(program.command('dev'))
      .description('run the embedded Temporal server and workers in the foreground; Ctrl-C stops them')
      .option('--slots <n>', 'steps at a time; default: one a core')
      .option('--threads <n>', 'engine threads a step; default: the cores shared over the slots')
      .option('--port <n>', 'port of the Temporal server; default: 7233, or a free one')
      .option('--ui-port <n>', "port of Temporal's own UI; default: 8233, or a free one")
      .option('--json', 'print the addresses as one JSON object')
      .option('--quiet', 'print nothing but errors')
      .addHelpText('after', '\nExample:\n  habsburg dev, then in another terminal: habsburg run quickstart --detach')
      .action((options: Options) => untilInterrupted((signal) => execute(options, signal)));
  },
};

async function execute(options: Options, signal: AbortSignal): Promise<void> {
  const cores = availableParallelism();
  const slots = positiveInteger('--slots', options.slots) ?? cores;
  const threads = positiveInteger('--threads', options.threads) ?? Math.max(1, Math.floor(cores / slots));
  const port = positiveInteger('--port', options.port);
  const uiPort = positiveInteger('--ui-port', options.uiPort);
  const home = homeOf(options);
  const environment = await startDev({
    home,
    slots,
    threads,
    port,
    uiPort,
    standing: true,
    signal,
    onEvent: options.quiet ? undefined : note,
  });
  try {
    if (options.json || !options.quiet) announce(environment, options.json ?? false);
    if (!environment.owned) return;
    const interrupted = new Promise<void>((done) =>
      signal.aborted ? done() : signal.addEventListener('abort', () => done(), { once: true }),
    );
    const error = await Promise.race([interrupted, environment.failed]);
    if (error) throw error;
    if (!options.quiet) process.stderr.write('Stopping.\n');
  } finally {
    await environment.stop();
  }
}

function announce({ address, namespace, uiUrl, home, owned }: Dev, json: boolean): void {
  if (json) {
    printJson('dev', { address, namespace, uiUrl, home, owned });
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
