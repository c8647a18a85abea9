// Runs Jest on everything under test/ and prints `N passed, N failed` as the very last line.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInForeground } from '../infra/forward.mjs';

/**
 * @param {string} root the checkout
 * @param {readonly string[]} args for Jest
 * @returns {Promise<number>} exit code
 */
export async function runJest(root, args) {
  const folder = mkdtempSync(join(tmpdir(), 'habsburg-jest-'));
  const result = join(folder, 'result.json');
  try {
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const code = await runInForeground(
      process.execPath,
      ['--experimental-vm-modules', '--no-warnings', jest, '--json', `--outputFile=${result}`, ...args],
      {
        cwd: root,
        env: testEnvironment(process.env),
      },
    );
    const { passed, failed } = readSummary(result, code);
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return failed > 0 ? code || 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tests start servers of their own: settings that point elsewhere must not leak into them. */
export function testEnvironment(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TEMPORAL_|AWS_)/.test(name)));
}

/** Counts of Jest's JSON result; a test file that could not run counts as one failure, as does a Jest that left no result. */
export function readSummary(file, code) {
  let result;
  try {
    result = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: code === 0 ? 0 : 1 };
  }
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return { passed: result.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}
