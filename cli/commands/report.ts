/** `habsburg report <experiment>`: writes the self-contained HTML page of an experiment. */
import { spawn } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openArtifactStore } from '../../artifacts/open.js';
import { fromSystemError } from '../../common/errors.js';
import { makeFolder } from '../../common/make-folder.mjs';
import { renderPage } from '../../report/page.js';
import { readResults } from '../../report/rows.js';
import type { Results } from '../../report/rows.js';
import type { CommandModule } from '../command.js';
import { printJson } from '../output.js';
import { PLAN_HELP, STORE_OPTION, resolveStoreUrl } from '../store-option.js';

interface Options {
  readonly out?: string;
  readonly open?: boolean;
  readonly plan?: string;
  readonly json?: boolean;
  readonly store?: string;
}

export const report: CommandModule = {
  register(program) {
    program
      .command('report')
      .description('write an experiment’s report: one HTML page that opens from disk')
      .argument('<experiment>', 'name of the experiment')
      .option('--out <file>', 'where to write it (default: <experiment>.html in the current folder)')
      .option('--open', 'open it in the default browser')
      .option('--plan <digest>', PLAN_HELP)
      .option('--json', 'print JSON: where it is')
      .option(...STORE_OPTION)
      .addHelpText('after', '\nExample:\n  habsburg report quickstart --out report.html')
      .action(async (experiment: string, options: Options) => {
        const store = openArtifactStore(resolveStoreUrl(options.store));
        const results = await readResults(store, experiment, { digest: options.plan });
        const file = await writeReport(results, options.out ?? `${experiment}.html`);
        for (const note of results.notes) process.stderr.write(`${note}\n`);
        if (options.json) printJson('report', { experiment, file });
        else process.stdout.write(`${pathToFileURL(file).href}\n`);
        if (options.open) openInBrowser(file);
      });
  },
};

/** Writes an experiment's page, whole or not at all; resolves to its absolute path. */
export async function writeReport(results: Results, out: string): Promise<string> {
  const page = renderPage(results);
  const file = resolve(out);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(file));
    await writeFile(temporary, page);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error says more
    throw fromSystemError(error, `writing the report to ${file}`);
  }
  return file;
}

/** Best effort: a machine without a desktop has nothing to open it with, and says so. */
function openInBrowser(file: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', file]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', file]
        : ['xdg-open', file];
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => process.stderr.write(`habsburg: no program to open a browser with (${command})\n`))
    .unref();
}
