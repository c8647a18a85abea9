#!/usr/bin/env node
// The command line. In a checkout that was never set up it does that first, with its progress on stderr.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { requireNode } from '../infra/node-version.mjs';
import { requireOpenFiles } from '../infra/open-files.mjs';

requireNode();
requireOpenFiles();

const has = (path) => existsSync(fileURLToPath(new URL(`../${path}`, import.meta.url)));

if (!has('dist/cli/main.js') || !has('node_modules')) {
  const [{ setUp }, { createProgress }, { exitOnSignals }] = await Promise.all([
    import('../infra/setup.mjs'),
    import('../infra/progress.mjs'),
    import('../infra/forward.mjs'),
  ]);
  const undo = exitOnSignals();
  try {
    await setUp({ tools: [], progress: createProgress() });
  } catch (error) {
    process.stderr.write(`habsburg: ${error.message}\n`);
    process.exit(error.exitCode ?? 1);
  }
  undo();
}
const { guardStreams } = await import('../dist/cli/output.js');
guardStreams();

// Training in this process wants settings of the C library, which are read when a process starts: a second one gets them.
const [, script, ...args] = process.argv;
if (process.platform === 'linux' && args[0] === 'lm' && args[1] === 'finetune' && process.env.GLIBC_TUNABLES === undefined) {
  const [{ runInForeground }, { ENGINE_ENVIRONMENT }] = await Promise.all([
    import('../infra/forward.mjs'),
    import('../dist/engine/environment.js'),
  ]);
  const env = { ...process.env, ...ENGINE_ENVIRONMENT };
  process.exit(await runInForeground(process.execPath, [...process.execArgv, script, ...args], { env }));
}

const { main } = await import('../dist/cli/main.js');
process.exitCode = await main(args);
