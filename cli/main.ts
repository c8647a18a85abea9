/** The command line: one file per command under commands/; this file wires them and turns errors into one sentence. */
import { Command, CommanderError } from 'commander';
import { withoutCredentials } from '../common/credentials.js';
import { ExitCode, fromSystemError, isHabsburgError } from '../common/errors.js';
import { codeVersion } from '../common/version.js';
import { Interrupted, surviveHangup } from './interrupt.js';
import { commands } from './commands/index.js';
import { envelopeOfError, printJson, wasTold } from './output.js';
import { guardTerminal, isForPrograms } from './terminal.js';

/** Runs the command line; resolves to the process's exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  surviveHangup();
  const streams = isForPrograms(argv) ? [process.stderr] : [process.stdout, process.stderr];
  const undo = streams.map((stream) => guardTerminal(stream));
  try {
    return await dispatch(argv);
  } finally {
    for (const restore of undo.reverse()) restore();
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const program = new Command('habsburg')
    .description('Durable, fast and provable model-collapse experiments.')
    .option('-V, --version', 'print the version')
    .on('option:version', () => {
      process.stdout.write(`${codeVersion()}\n`);
      throw new CommanderError(ExitCode.ok, 'commander.version', 'the version');
    })
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(withoutCredentials(text)) })
    .showHelpAfterError('(add --help for usage)');
  for (const command of commands) command.register(program);
  for (const sub of allCommands(program)) sub.exitOverride();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.invalid;
    const known = isHabsburgError(error) ? error : fromSystemError(error, 'habsburg');
    if (argv.includes('--json') && !wasTold(known)) printJson('error', envelopeOfError(known));
    process.stderr.write(`habsburg: ${withoutCredentials(known.message.replace(/^habsburg: /, ''))}\n`);
    if (process.env.HABSBURG_DEBUG) process.stderr.write(`${(error as Error).stack}\n`);
    return known.exitCode;
  }
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((sub) => [sub, ...allCommands(sub)]);
}
