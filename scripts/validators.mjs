// Others' validators of exports: Python packages in an environment of their own, made once per machine. By hand: node scripts/validators.mjs
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { waitLock } from '../infra/lock.mjs';
import { cacheFolder } from '../infra/paths.mjs';
import { lastWords, onPath, runCommand } from '../infra/process.mjs';

const REQUIREMENTS = fileURLToPath(new URL('../test/exports/requirements.txt', import.meta.url));

/** What has been made whole has it. */
const STAMP = 'whole';

/**
 * The Python that has them, or in words why there is none: without Python, or where its packages cannot be reached, they are not run.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ python: string, without?: undefined } | { python?: undefined, without: string }>}
 */
export async function findValidators(env = process.env) {
  const pinned = readFileSync(REQUIREMENTS);
  const folder = join(cacheFolder(env), 'validators', createHash('sha256').update(pinned).digest('hex').slice(0, 16));
  const python = join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
  if (existsSync(join(folder, STAMP))) return { python };
  const [own] = [...onPath('python3', env), ...onPath('python', env)];
  if (own === undefined) return { without: 'there is no python3 on PATH' };
  mkdirSync(dirname(folder), { recursive: true });
  const lock = await waitLock(`${folder}.lock`);
  try {
    if (existsSync(join(folder, STAMP))) return { python };
    rmSync(folder, { recursive: true, force: true });
    process.stderr.write("Others' validators of exports are installed, once per machine: 500 MB, about a minute.\n");
    const steps = [
      [own, ['-m', 'venv', folder]],
      [python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-input', '--retries', '1', '--timeout', '20', '--disable-pip-version-check', '--requirement', REQUIREMENTS]],
    ]; // prettier-ignore
    for (const [command, args] of /** @type {[string, string[]][]} */ (steps)) {
      const outcome = await runCommand(command, args, { env: { ...env, PYTHONPATH: '' }, timeoutMs: 600_000 });
      if (outcome.code !== 0) return { without: `${own} could not install them (${lastWords(outcome.tail)})` };
    }
    writeFileSync(join(folder, `.${STAMP}`), '');
    renameSync(join(folder, `.${STAMP}`), join(folder, STAMP));
    return { python };
  } finally {
    lock.release();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { python, without } = await findValidators();
  process.stdout.write(`${python ?? without}\n`);
  process.exitCode = python ? 0 : 1;
}
