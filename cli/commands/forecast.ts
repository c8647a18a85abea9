/** `habsburg forecast <experiment> --line 500`: at which generation will a metric cross a line? */
import { openArtifactStore } from '../../artifacts/open.js';
import { forecastOf, forecastSentence } from '../../report/forecast.js';
import { readResults } from '../../report/rows.js';
import { scored, unrelated } from '../../report/summary.js';
import { measuresAsked } from '../../report/tests.js';
import { visible, wrap } from '../../report/text.js';
import type { CommandModule } from '../command.js';
import { finiteNumber, wholeGeneration } from '../options.js';
import { printJson } from '../output.js';
import { PLAN_HELP, STORE_OPTION, resolveStoreUrl } from '../store-option.js';

interface Options {
  readonly line: number;
  readonly until?: number;
  readonly metric?: string;
  readonly plan?: string;
  readonly store?: string;
  readonly json?: boolean;
}

export const forecast: CommandModule = {
  register(program) {
    program
      .command('forecast')
      .description('the generation at which a metric crosses a line, with a 90 % interval, if chains go on as they did')
      .argument('<experiment>', 'name of the experiment')
      .requiredOption('--line <value>', 'the value that is crossed', finiteNumber('--line'))
      .option('--metric <name>', 'NAME, NAME/VARIANT or the heading of its column (default: the leading one)')
      .option(
        '--until <generation>',
        'the last generation that is looked at (default: four times the last known)',
        wholeGeneration('--until'),
      )
      .option('--plan <digest>', PLAN_HELP)
      .option('--json', 'print JSON: every forecast with its band')
      .option(...STORE_OPTION)
      .addHelpText('after', '\nExample:\n  habsburg forecast nature-small --metric perplexity --line 500 --until 50')
      .action(async (experiment: string, { line, until: end, metric, plan, store, json }: Options) => {
        const results = await readResults(openArtifactStore(resolveStoreUrl(store)), experiment, { digest: plan });
        const whole = scored(results, metric);
        const until = end ?? Math.max(10, 4 * whole.generations[whole.generations.length - 1]);
        const found = unrelated(whole).flatMap((summary) =>
          measuresAsked(summary, results, metric).flatMap((measure) =>
            summary.series
              .filter(({ level }) => !level)
              .flatMap((series) => {
                const forecast = forecastOf(measure, series, line, until);
                return forecast === undefined ? [] : [{ measure, forecast }];
              }),
          ),
        );
        for (const note of results.notes) process.stderr.write(`${note}\n`);
        if (json) {
          const forecasts = found.map(({ measure: { metric, variant, version, settings }, forecast }) => ({ metric, variant, version, settings, ...forecast })); // prettier-ignore
          printJson('forecast', { experiment, plan: results.planDigest, line, until, confidence: 0.9, forecasts });
          return;
        }
        const width = process.stdout.columns ?? 100;
        const said = found.map(({ measure, forecast }) => `${measure.label} under ${forecastSentence(forecast, line, until)}`);
        process.stdout.write(`${[...said, MODEL].flatMap((sentence) => wrap(visible(sentence), width)).join('\n')}\n`);
      });
  },
};

const MODEL =
  'Each seed is taken for a random walk with drift, of logarithms where values are positive, whose steps follow one rule in all seeds of a condition; their spread may go with the level and with time (docs/report.md).';
