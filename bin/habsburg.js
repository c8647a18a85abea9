#!/usr/bin/env node
// The command line. In a checkout that was never set up it does that first, with its progress on stderr.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { requireNode } from '../infra/node-version.mjs';

requireNode();

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
// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { main } = await import('../dist/cli/main.js');
process.exitCode = await main(process.argv.slice(2));
