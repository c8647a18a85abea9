/** worker: serves task queues until it is told to stop. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import { findDev } from '../../infra/dev.js';
import { embeddedServer, fromEnvironment, plainServer, type TemporalSettings } from '../../workers/connection.js';
import { serverIn } from '../session.js';
import { DEVICES, type Device } from '../../engine/devices.js';
import type { CommandModule } from '../command.js';
import { KEYS_OPTION, keysFolder } from '../keys-option.js';
import { openSigner } from '../../signing/signer.js';
import { stopSignals } from '../interrupt.js';
import { positiveInteger } from '../options.js';
import { serve } from '../../workers/worker.js';

interface Options {
  readonly queues: string;
  readonly slots: string;
  readonly threads?: string;
  readonly device: Device;
  readonly address?: string;
  readonly namespace?: string;
  readonly home?: string;
  readonly keys?: string;
  readonly scratch?: string;
  readonly blobCache?: string;
  readonly current: boolean;
  readonly logLevel: 'WARN';
}

export const worker: CommandModule = {
  register(program: Command): void {
    program
      .command('worker')
      .description('serve task queues; SIGTERM or Ctrl-C drains and stops')
      .option(
        '--queues <names>',
        'workflow, cpu, gpu or task queue names, separated by commas; QUEUE/ENGINE for the steps of another engine than onnx-node',
        'workflow,cpu',
      )
      .option('--slots <n>', 'steps at a time', '1')
      .option('--threads <n>', 'engine threads a step; default: the cores shared over the slots')
      .addOption(
        new Option('--device <name>', 'what computes the steps of experiments that do not say: cpu, webgpu or cuda')
          .choices(DEVICES)
          .default('cpu'),
      )
      .option('--address <host:port>', 'Temporal server; default: TEMPORAL_ADDRESS and the other settings of the environment')
      .option('--namespace <name>', 'Temporal namespace, with --address')
      .option('--home <dir>', 'serve the embedded server of this folder, and nobody without its secret')
      .option(...KEYS_OPTION)
      .option('--scratch <dir>', 'folder for the files of running steps; default: the system temporary folder')
      .option(
        '--blob-cache <dir>',
        'folder that keeps what was read from an s3:// store, so that a model is downloaded once; may be emptied at any time',
      )
      .option(
        '--no-current',
        'on a server of your own: leave it to temporal worker deployment set-current-version when new experiments run on new workflow code',
      )
      .addOption(
        new Option('--log-level <level>', 'least level that is logged (to stderr, a JSON object a line)')
          .choices(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'])
          .default('WARN'),
      )
      .action(async (options: Options) => {
        const slots = positiveInteger('--slots', options.slots);
        const threads = positiveInteger('--threads', options.threads) ?? Math.max(1, Math.floor(availableParallelism() / slots));
        const controller = new AbortController();
        for (const signal of stopSignals())
          process.on(signal, () => (controller.signal.aborted ? process.exit(1) : controller.abort()));
        await serve({
          temporal: await serverToServe(options),
          queues: options.queues
            .split(',')
            .map((queue) => queue.trim())
            .filter(Boolean),
          slots,
          threads,
          device: options.device,
          signer: openSigner(keysFolder(options)),
          scratch: options.scratch,
          blobCache: options.blobCache,
          current: options.current,
          logLevel: options.logLevel,
          signal: controller.signal,
          onReady: () =>
            process.stderr.write(
              `${JSON.stringify({ time: new Date().toISOString(), level: 'INFO', message: 'worker ready', queues: options.queues, slots, threads, pid: process.pid })}\n`,
            ),
        });
      });
  },
};

async function serverToServe({ home, address, namespace }: Options): Promise<TemporalSettings> {
  if (home === undefined) return address ? plainServer(address, namespace) : fromEnvironment();
  if (address) return embeddedServer(resolve(home), { address, namespace });
  const dev = await findDev(resolve(home));
  if (dev) return serverIn(resolve(home), dev);
  throw new HabsburgError('unreachable', `no embedded server is running in ${resolve(home)}; start one with habsburg dev`);
}
