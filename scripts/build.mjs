// Compiles TypeScript into dist/ (incremental: a second build takes a second or two).
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const { status } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
