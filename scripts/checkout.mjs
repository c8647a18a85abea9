// What `npm start` and `npm test` share: set-up with progress on stderr, errors as one sentence, exit codes.
import { exitOnSignals, runInForeground } from '../infra/forward.mjs';
import { repositoryRoot } from '../infra/paths.mjs';
import { createProgress } from '../infra/progress.mjs';
import { setUp } from '../infra/setup.mjs';
import { runJest } from './jest.mjs';

/** Runs a script's body and sets the exit code; an error is printed as one sentence. */
export async function main(body) {
  const root = repositoryRoot();
  try {
    process.exitCode = await body({
      root,
      runInForeground,
      runJest: (args) => runJest(root, args),
      setUp: async (options) => {
        const undo = exitOnSignals();
        await setUp({ ...options, progress: createProgress() });
        undo();
      },
    });
  } catch (error) {
    process.stderr.write(`habsburg: ${error.exitCode === undefined ? error.stack : error.message}\n`);
    process.exit(error.exitCode ?? 1);
  }
}
