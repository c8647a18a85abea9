import { jest } from '@jest/globals';
import { main } from '../../cli/main.js';

/** Runs the command line inside this process. */
export async function habsburg(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((out += String(chunk)), true));
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => ((err += String(chunk)), true));
  const before = process.argv;
  process.argv = [...before.slice(0, 2), ...argv];
  process.exitCode = undefined;
  try {
    const code = await main(argv);
    return { code, out, err };
  } finally {
    process.exitCode = undefined;
    process.argv = before;
    stdout.mockRestore();
    stderr.mockRestore();
  }
}
