// `npm run build`: compiles TypeScript into dist/, or says at once that nothing changed.
import { repositoryRoot } from '../infra/paths.mjs';
import { createProgress } from '../infra/progress.mjs';
import { build } from '../infra/setup.mjs';

try {
  await build(repositoryRoot(), createProgress());
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode ?? 1;
}
