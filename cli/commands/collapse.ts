/** `habsburg collapse <experiment>`: by which of eight definitions has a model collapsed? */
import { openArtifactStore } from '../../artifacts/open.js';
import { HabsburgError } from '../../common/errors.js';
import { collapseProfiles } from '../../report/collapse.js';
import { ROLES, type Role, type Used } from '../../report/collapse-measures.js';
import { WORDS, renderProfiles } from '../../report/collapse-text.js';
import { conditionNumbers } from '../../report/condition-numbers.js';
import { readResults } from '../../report/rows.js';
import { scored } from '../../report/summary.js';
import type { CommandModule } from '../command.js';
import { collect, finiteNumber } from '../options.js';
import { printJson } from '../output.js';
import { PLAN_HELP, STORE_OPTION, resolveStoreUrl } from '../store-option.js';

interface Options {
  readonly use: readonly string[];
  readonly over?: string;
  readonly threshold?: number;
  readonly margin: number;
  readonly plan?: string;
  readonly store?: string;
  readonly json?: boolean;
}

export const collapse: CommandModule = {
  register(program) {
    program
      .command('collapse')
      .description('eight definitions of model collapse side by side, each with its number, interval and answer')
      .argument('<experiment>', 'name of the experiment')
      .option(
        '--threshold <risk>',
        'the risk that counts as collapse (default: twice that of the first generation)',
        finiteNumber('--threshold'),
      ) // prettier-ignore
      .option('--margin <share>', 'a change smaller than this share counts as none', finiteNumber('--margin'), 0.05)
      .option('--over <setting>', 'the amount of data of each condition, for scaling: sample.size, or NAME=NUMBER,…')
      .option('--use <role=metric>', `another metric as ${ROLES.join(', ')}`, collect, [])
      .option('--plan <digest>', PLAN_HELP)
      .option('--json', 'print JSON: every answer')
      .option(...STORE_OPTION)
      .addHelpText('after', '\nExample:\n  habsburg collapse curse-single-normal --use risk=wasserstein-2')
      .action(async (experiment: string, { threshold, margin, over, use, plan, store, json }: Options) => {
        if (!(margin > 0 && margin < 1)) throw new HabsburgError('invalid', `--margin ${margin}: give a share between 0 and 1, such as 0.05`); // prettier-ignore
        const results = await readResults(openArtifactStore(resolveStoreUrl(store)), experiment, { digest: plan });
        const used = usedOf(use);
        const summary = scored(results);
        for (const metric of Object.values(used)) scored(results, metric);
        const sizes = over === undefined ? undefined : conditionNumbers(results, over);
        const profiles = collapseProfiles(summary, results.plan, { threshold, margin, used, sizes });
        for (const note of results.notes) process.stderr.write(`${note}\n`);
        if (json) printJson('collapse', { experiment, plan: results.planDigest, margin, definitions: WORDS, profiles });
        else process.stdout.write(renderProfiles(profiles, process.stdout.columns ?? 100));
      });
  },
};

function usedOf(use: readonly string[]): Used {
  return Object.fromEntries(
    use.map((one): [Role, string] => {
      const [role, ...metric] = one.split('=');
      if (!ROLES.includes(role as Role) || metric.join('') === '')
        throw new HabsburgError('invalid', `--use ${one}: write ROLE=METRIC, ROLE one of ${ROLES.join(', ')}`);
      return [role as Role, metric.join('=')];
    }),
  );
}
