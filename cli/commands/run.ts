/** run: starts an experiment (or follows the equal one that runs already), shows its progress, prints its results. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Dev } from '../../infra/dev.js';
import { startDev } from '../../infra/dev.js';
import { identified } from '../../data/identify.js';
import { loadExperiment } from '../../spec/load.js';
import { fromEnvironment, hasExternalServer, plainServer } from '../../workers/connection.js';
import { failureOf, follow, startExperiment } from '../experiment.js';
import { collect, positiveInteger } from '../options.js';
import { untilInterrupted } from '../interrupt.js';
import { showOutcome } from '../outcome.js';
import { DEFAULT_HOME } from '../session.js';
import { resolveStoreUrl } from '../store-option.js';
import { connect, ensureSearchAttributes } from '../temporal.js';

interface Options {
  readonly set: string[];
  readonly store?: string;
  readonly dev?: boolean;
  readonly home: string;
  readonly slots?: string;
  readonly detach?: boolean;
  readonly json?: boolean;
  readonly eventLimit?: string;
}

export function register(program: Command): void {
  program
    .command('run')
    .description('run an experiment: a YAML file, or a preset by name (habsburg presets)')
    .argument('<experiment>', 'file or preset')
    .option('--set <a.b=value>', 'override a setting; repeatable', collect, [])
    .option('--store <url>', 'where artifacts go: a folder or s3://bucket/prefix; default: HABSBURG_STORE, else .habsburg/store')
    .option(
      '--dev',
      'start workers for this run, and a Temporal server where TEMPORAL_ADDRESS names none; the default in that case',
    )
    .option('--home <dir>', 'folder of the embedded server', DEFAULT_HOME)
    .option('--slots <n>', 'steps at a time on the embedded worker; default: as many as the experiment has runs at a time')
    .option('--detach', 'start it and return; needs a server and workers that stay (habsburg dev, or your own)')
    .option('--json', 'print JSON; progress stays on stderr')
    .addOption(new Option('--event-limit <n>', 'continue workflows as new after so many events').hideHelp())
    .addHelpText('after', '\nExample: habsburg run quickstart --set seeds=[1,2,3] --set generations=8')
    .action((target: string, options: Options) => untilInterrupted((signal) => run(target, options, signal)));
}

async function run(target: string, options: Options, signal: AbortSignal): Promise<void> {
  const plan = await identified((await loadExperiment(target, { sets: options.set })).plan);
  const store = resolveStoreUrl(options.store);
  const embedded = options.dev || !hasExternalServer();
  const note = (text: string) => process.stderr.write(`${text}\n`);

  let dev: Dev | undefined;
  try {
    if (embedded) {
      const cores = availableParallelism();
      const slots = positiveInteger('--slots', options.slots) ?? Math.min(cores, plan.execution.concurrency);
      const external = hasExternalServer() ? fromEnvironment() : undefined;
      dev = await startDev({
        home: resolve(options.home),
        slots,
        threads: Math.max(1, Math.floor(cores / slots)),
        external,
        signal,
      });
      note(dev.uiUrl ? `Temporal server at ${dev.address}, its UI at ${dev.uiUrl}` : `Temporal server at ${dev.address}`);
    }
    const client = await connect(dev && !hasExternalServer() ? plainServer(dev.address, dev.namespace) : fromEnvironment());
    try {
      await ensureSearchAttributes(client);
      const started = await startExperiment(client, {
        plan,
        store,
        eventLimit: positiveInteger('--event-limit', options.eventLimit),
      });
      note(
        started.fresh
          ? `${plan.name}: started; artifacts go to ${store}`
          : `${plan.name}: goes on where it was; artifacts are in ${store}`,
      );
      if (options.detach) {
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ experiment: plan.name, store })}\n`
            : `${plan.name} is running; habsburg watch ${plan.name}\n`,
        );
        return;
      }
      const following = follow(client, plan.name, { signal });
      const end = await (dev ? Promise.race([following, dev.failed.then((error) => Promise.reject(error))]) : following);
      await showOutcome(end, plan, { store, json: options.json, ui: dev?.uiUrl, home: options.home });
      const failure = failureOf(end);
      if (failure) throw failure;
    } finally {
      await client.connection.close();
    }
  } catch (error) {
    if (signal.aborted)
      note(
        embedded
          ? `\nStopped. Finished steps and checkpoints are kept: the same command goes on from here.`
          : `\nNo longer watching; ${plan.name} goes on. habsburg watch ${plan.name}, habsburg cancel ${plan.name}`,
      );
    throw error;
  } finally {
    await dev?.stop();
  }
}
