/** `habsburg compare <experiment>`: is a difference real, how large is it, and could so few seeds have seen it? */
import { Option } from 'commander';
import { openArtifactStore } from '../../artifacts/open.js';
import { HabsburgError } from '../../common/errors.js';
import { against } from '../../report/against.js';
import { conditionNumbers } from '../../report/condition-numbers.js';
import { readResults, type Results } from '../../report/rows.js';
import { scored, unrelated, type Series } from '../../report/summary.js';
import { asFamily, changesOf, measuresAsked, pairs, trendOver, trendsOf, type ShownTest } from '../../report/tests.js';
import { renderTests } from '../../report/tests-table.js';
import { nearest } from '../../spec/suggest.js';
import { CORRECTIONS, type Correction } from '../../statistics/families.js';
import type { CommandModule } from '../command.js';
import { wholeGeneration } from '../options.js';
import { printJson } from '../output.js';
import { PLAN_HELP, STORE_OPTION, resolveStoreUrl } from '../store-option.js';

interface Options {
  readonly metric?: string;
  readonly conditions?: string;
  readonly generation?: number;
  readonly trend?: boolean;
  readonly over?: string;
  readonly against?: string;
  readonly inflection?: boolean;
  readonly correct: Correction;
  readonly plan?: string;
  readonly store?: string;
  readonly json?: boolean;
}

export const compare: CommandModule = {
  register(program) {
    program
      .command('compare')
      .description('test conditions against each other, generations against the first, and trends')
      .argument('<experiment>', 'name of the experiment')
      .option('--metric <name>', 'NAME, NAME/VARIANT or the heading of its column; all: every one (default: the leading one)')
      .option('--conditions <names>', 'only these, with commas')
      .option('--generation <n>', 'at this generation (default: the last that both have)', wholeGeneration('--generation'))
      .option('--trend', 'instead: the trend of each condition over its generations')
      .option(
        '--against <experiment>',
        'instead: with another experiment, or NAME@DIGITS, another plan of a name; seeds are not paired',
      )
      .option('--over <setting>', 'instead: the trend over conditions, by a number of theirs (mixture.share), or NAME=NUMBER,…')
      .option('--inflection', 'with --trend or --over: where the line turns, by a permutation test')
      .addOption(
        new Option(
          '--correct <how>',
          'p values over all tests shown: against any false one, or (bh, by) for a share of false ones',
        )
          .choices(Object.keys(CORRECTIONS))
          .default('holm'),
      )
      .option('--plan <digest>', PLAN_HELP)
      .option('--json', 'print JSON: every test')
      .option(...STORE_OPTION)
      .addHelpText(
        'after',
        '\nExamples:\n  habsburg compare nature-small\n  habsburg compare nature-small --trend --inflection --metric all',
      )
      .action(async (experiment: string, options: Options) => {
        refuse(options);
        const results = await readResults(openArtifactStore(resolveStoreUrl(options.store)), experiment, {
          digest: options.plan,
        });
        const notes = [...results.notes];
        const other = options.against === undefined ? undefined : await otherOf(options.against, options.store);
        if (other) notes.push(...other.notes);
        const tests = asFamily(testsOf(results, options, notes, other), options.correct);
        for (const note of notes) process.stderr.write(`${note}\n`);
        if (options.json) printJson('compare', { experiment, plan: results.planDigest, correction: options.correct, tests: tests.map(asJson) }); // prettier-ignore
        else process.stdout.write(renderTests(tests, options.correct, process.stdout.columns ?? 100)); // prettier-ignore
      });
  },
};

/** The experiment, or the plan, on the other side. */
async function otherOf(which: string, store: string | undefined): Promise<Results> {
  const [name, digest] = which.split('@');
  return readResults(openArtifactStore(resolveStoreUrl(store)), name, { digest });
}

function refuse({ trend, over, inflection, generation, against }: Options): void {
  if (against !== undefined && (trend || over !== undefined)) throw new HabsburgError('invalid', '--against compares two experiments, --trend and --over look inside of one; take one of them'); // prettier-ignore
  if (trend && over !== undefined) throw new HabsburgError('invalid', '--trend is over generations and --over over conditions; take one of them'); // prettier-ignore
  if (inflection && !trend && over === undefined) throw new HabsburgError('invalid', '--inflection asks where a trend turns; add --trend or --over'); // prettier-ignore
  if (trend && generation !== undefined) throw new HabsburgError('invalid', '--trend is over all generations; leave --generation out'); // prettier-ignore
}

function testsOf(results: Results, options: Options, notes: string[], other: Results | undefined): ShownTest[] {
  const { metric, trend, over, inflection = false, generation } = options;
  const whole = scored(results, metric === 'all' ? undefined : metric);
  const names = asked(results, options.conditions);
  const numbers = over === undefined ? undefined : conditionNumbers(results, over, names);
  const within = (): ShownTest[] =>
    unrelated(whole).flatMap((summary) => {
      const series = summary.series.filter(({ condition }) => names.includes(condition));
      return measuresAsked(summary, results, metric).flatMap((measure) => {
        if (trend) return trendsOf(measure, series, inflection);
        if (numbers === undefined)
          return [...pairs(summary, measure, series, generation), ...changesOf(summary, measure, series, generation)];
        const byMember = new Map<string, { series: Series; x: number }[]>();
        for (const one of series) {
          const x = numbers.of.get(one.condition);
          if (x !== undefined) byMember.set(one.member, [...(byMember.get(one.member) ?? []), { series: one, x }]);
        }
        return [...byMember.values()].flatMap((at) => trendOver(summary, measure, at, numbers.name, inflection, generation));
      });
    });
  const tests = other ? against(results, other, names, metric, generation) : within();
  if (numbers !== undefined) {
    const without = names.filter((name) => !numbers.of.has(name));
    if (without.length > 0) notes.push(`left out, since they have no ${numbers.name}: ${without.join(', ')}`);
  }
  if (tests.length === 0)
    throw new HabsburgError(
      'notFound',
      trend || over !== undefined
        ? `there is no trend to test: it takes three ${trend ? 'generations' : 'conditions'} with a value in the same seeds`
        : `there is nothing to compare${generation === undefined ? '' : ` at generation ${generation}`}: ${other ? 'they have no metric in common at the same generation, with the same version and settings' : 'it takes two conditions, or two generations, with a value in the same seed'}`,
    );
  if (inflection && tests.every(({ turn }) => turn === undefined))
    throw new HabsburgError('invalid', `--inflection takes two seeds and five ${trend ? 'generations' : 'conditions'}, and there are fewer; leave it out`); // prettier-ignore
  return tests;
}

function asked({ plan }: Results, conditions: string | undefined): string[] {
  const known = plan.conditions.map(({ name }) => name);
  if (conditions === undefined) return known;
  const names = conditions.split(',').map((name) => name.trim());
  for (const name of names) {
    if (known.includes(name)) continue;
    const guess = nearest(name, known);
    throw new HabsburgError('notFound', `no condition "${name}"; ${guess ? `did you mean ${guess}?` : `there are ${known.join(', ')}`}`); // prettier-ignore
  }
  return names;
}

/** Effects of ratios are factors; `visible` is the smallest effect that so many seeds find in four of five experiments. */
function asJson({ measure, label, series, generations, effect, p, corrected, ranks, turn }: ShownTest): object {
  const { metric, variant, version, settings } = measure;
  return {
    metric,
    variant,
    version,
    settings,
    label,
    member: series[0].member,
    conditions: series.map(({ condition }) => condition),
    generations,
    effect,
    p,
    corrected,
    ranks,
    turn,
  };
}
