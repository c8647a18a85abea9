/** doctor: what this machine lacks for a run, line by line, with the fix. */
import type { Command } from 'commander';
import { ExitCode } from '../../common/errors.js';
import type { CommandModule } from '../command.js';
import { examine, type Finding } from '../doctor.js';
import { printJson } from '../output.js';
import { homeOf, isExternal, withHome } from '../session.js';
import { resolveStoreUrl, STORE_OPTION } from '../store-option.js';

interface Options {
  readonly home?: string;
  readonly store?: string;
  readonly json?: boolean;
}

export const doctor: CommandModule = {
  register(program: Command): void {
    withHome(program.command('doctor'))
      .description('check what a run needs from this machine; starts and changes nothing')
      .option(...STORE_OPTION)
      .option('--json', 'print JSON')
      .addHelpText('after', '\nExit codes: 0 all is well, 1 something on this machine is missing, 5 a server cannot be reached.')
      .action(async (options: Options) => {
        const findings = await examine({
          home: homeOf(options),
          external: isExternal(options),
          store: resolveStoreUrl(options.store),
          env: process.env,
        });
        if (options.json) printJson('doctor', { findings });
        else process.stdout.write(`${findings.map(line).join('\n')}\n`);
        process.exitCode = exitCode(findings);
      });
  },
};

const MARKS = { ok: '✓', note: '!', failed: '✗' };

function line({ check, status, detail, fix }: Finding): string {
  return `${MARKS[status]} ${check}: ${detail}${fix ? `\n  → ${fix}` : ''}`;
}

/** A failure of this machine outweighs one of a server. */
export function exitCode(findings: readonly Finding[]): number {
  const failed = findings.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return ExitCode.ok;
  return failed.some(({ service }) => !service) ? ExitCode.failed : ExitCode.unreachable;
}
