/** `habsburg results <experiment>`: the scores of an experiment as a table, JSON lines, CSV or one JSON document. */
import { Option } from 'commander';
import { openArtifactStore } from '../../artifacts/open.js';
import { HabsburgError } from '../../common/errors.js';
import type { ScoreRow } from '../../evaluations/types.js';
import { renderSettingTables, settingJson } from '../../report/by-setting-text.js';
import { settingTables } from '../../report/by-setting.js';
import { judgeClaims } from '../../report/claims.js';
import { renderClaims } from '../../report/claims-text.js';
import { costs, renderCosts, stepSeconds, type Cost } from '../../report/cost.js';
import { csvLines, jsonDocument, jsonLines } from '../../report/export.js';
import { findings } from '../../report/finding.js';
import { honestBands, honestJson, renderHonest } from '../../report/honest.js';
import { checkedLaws, renderLaws } from '../../report/laws.js';
import { perRecord, recordCsvLines, recordJsonLines } from '../../report/per-record.js';
import { renderRemovals } from '../../report/removed.js';
import { readResults } from '../../report/rows.js';
import type { Results } from '../../report/rows.js';
import { ScoreRows } from '../../report/scores.js';
import { measureKey, summarise, unknownMetric } from '../../report/summary.js';
import type { Summary } from '../../report/summary.js';
import { renderTable } from '../../report/terminal.js';
import { recordedClaims } from '../../spec/claims.js';
import { loadExperiment } from '../../spec/load.js';
import type { CommandModule } from '../command.js';
import { wholeGeneration } from '../options.js';
import { envelope, printJson } from '../output.js';
import { printLines } from '../print-lines.js';
import { PLAN_HELP, STORE_OPTION, resolveStoreUrl } from '../store-option.js';

interface Options {
  readonly format: 'table' | 'jsonl' | 'csv' | 'md' | 'latex';
  readonly json?: boolean;
  readonly plan?: string;
  readonly store?: string;
  readonly metric?: string;
  readonly perRecord?: boolean;
  readonly observation?: string;
  readonly claims?: string;
  readonly cost?: boolean;
  readonly by?: string;
  readonly generation?: number;
}

export const results: CommandModule = {
  register(program) {
    program
      .command('results')
      .description('show the scores of an experiment')
      .argument('<experiment>', 'name of the experiment')
      .addOption(
        new Option('--format <format>', 'table, or every score row as csv or jsonl; md and latex with --by')
          .choices(['table', 'jsonl', 'csv', 'md', 'latex'])
          .default('table'),
      ) // prettier-ignore
      .option('--metric <name>', 'only this metric: NAME, NAME/VARIANT or the heading of its column')
      .option('--per-record', 'what was observed of every record, as CSV or with --format jsonl')
      .option('--observation <name>', 'with --per-record: only this, such as likelihood/generated/first')
      .option('--claims <file|preset>', 'test the claims of this experiment file, in place of those that were recorded')
      .option('--cost', 'what each condition costs: optimiser steps, tokens written, texts filtered, seconds')
      .option(
        '--by <setting>',
        'a row a condition, by a number of theirs (mixture.share), or NAME=NUMBER,…; changes from row to row',
      )
      .option(
        '--generation <n>',
        'with --by: at this one (default: the last that all conditions have)',
        wholeGeneration('--generation'),
      )
      .option('--plan <digest>', PLAN_HELP)
      .option('--json', 'print JSON: runs and score rows')
      .option(...STORE_OPTION)
      .addHelpText('after', '\nExample:\n  habsburg results quickstart --format csv > quickstart.csv')
      .action(async (experiment: string, options: Options) => {
        if (options.by !== undefined) return bySetting(experiment, options);
        if (options.generation !== undefined) throw new HabsburgError('invalid', '--generation goes with --by; add that, or leave it out'); // prettier-ignore
        if (options.format === 'md' || options.format === 'latex')
          throw new HabsburgError('invalid', `--format ${options.format} goes with --by; add that, such as --by mixture.share`);
        if (
          options.claims !== undefined &&
          (options.perRecord || options.observation !== undefined || options.format !== 'table')
        )
          throw new HabsburgError('invalid', '--claims goes with the table or --json; leave --format and --per-record out');
        if (options.cost && (options.perRecord || options.observation !== undefined || options.format !== 'table'))
          throw new HabsburgError('invalid', '--cost goes with the table or --json; leave --format and --per-record out');
        if (options.perRecord || options.observation !== undefined) return ofRecords(experiment, options);
        const store = openArtifactStore(resolveStoreUrl(options.store));
        const found = await readResults(store, experiment, { digest: options.plan });
        const cost = options.cost ? costs(found.runs, await stepSeconds(store, found.runs)) : undefined;
        const output = render(await withClaims(found, options), options, cost);
        for (const note of options.json ? [] : found.notes) process.stderr.write(`${note}\n`);
        await printLines(output);
      });
  },
};

/** With the claims of a file, where one is named: claims may be written after a run. */
async function withClaims(found: Results, { claims: target }: Options): Promise<Results> {
  if (target === undefined) return found;
  const claims = recordedClaims((await loadExperiment(target)).document) ?? [];
  if (claims.length === 0)
    throw new HabsburgError('invalid', `${target} has no claims; docs/experiments.md says how to write them`);
  const known = new Set(found.plan.conditions.map(({ name }) => name));
  const other = claims.flatMap(({ conditions }) => conditions).find((name) => !known.has(name));
  if (other !== undefined)
    throw new HabsburgError('invalid', `${target} claims something of ${other}, and ${found.experiment} has no such condition: ${[...known].join(', ')}`); // prettier-ignore
  return { ...found, claims };
}

/** The tables by a number of the conditions, and nothing else. */
async function bySetting(experiment: string, { by, generation, format, ...options }: Options): Promise<void> {
  const other = (['claims', 'perRecord', 'observation', 'cost'] as const).find((key) => options[key] !== undefined);
  if (other) throw new HabsburgError('invalid', `--${other === 'perRecord' ? 'per-record' : other} does not go with --by; leave one of them out`); // prettier-ignore
  if (format === 'jsonl') throw new HabsburgError('invalid', '--by has no --format jsonl; take csv, md, latex or --json');
  const found = await readResults(openArtifactStore(resolveStoreUrl(options.store)), experiment, { digest: options.plan });
  const tables = settingTables(found, selected(found, options.metric), by, generation);
  if (tables.length === 0)
    throw new HabsburgError('notFound', `no generation${generation === undefined ? '' : ` ${generation}`} has values of these conditions`); // prettier-ignore
  for (const note of options.json ? [] : found.notes) process.stderr.write(`${note}\n`);
  if (options.json) printJson('results-by', { experiment, plan: found.planDigest, tables: tables.map(settingJson) });
  else await printLines([renderSettingTables(tables, format, process.stdout.columns ?? 100)]);
}

async function ofRecords(experiment: string, { store, plan, observation, format, ...options }: Options): Promise<void> {
  if (!options.perRecord) throw new HabsburgError('invalid', '--observation goes with --per-record; add that, or leave it out');
  const which = { digest: plan, observation };
  if (options.metric !== undefined)
    throw new HabsburgError('invalid', '--metric is about means over records; with --per-record choose with --observation');
  if (options.json)
    throw new HabsburgError('invalid', '--json is one document, which these rows are too many for; take --format jsonl');
  const { tables, notes } = await perRecord(openArtifactStore(resolveStoreUrl(store)), experiment, which);
  for (const note of notes) process.stderr.write(`${note}\n`);
  await printLines(format === 'jsonl' ? recordJsonLines(tables) : recordCsvLines(tables));
}

function render(found: Results, options: Options, cost?: readonly Cost[]): Iterable<string> {
  const rows = options.metric === undefined ? found.rows : rowsOf(found, selected(found, options.metric));
  if (options.json) {
    const runs = found.runs.map(({ run, condition, seed, status, generationsDone }) => ({
      run,
      condition,
      seed,
      status,
      generationsDone,
    }));
    const { experiment, store, planDigest, notes } = found;
    const claims = judgeClaims(found, found.claims);
    const honest = honestJson(honestBands(found, selected(found, options.metric)));
    return jsonDocument(envelope('results', { experiment, store, plan: planDigest, notes, runs, ...(claims.length > 0 && { claims }), ...(honest.length > 0 && { honest }), ...(cost && { cost }) }), rows); // prettier-ignore
  }
  if (options.format === 'jsonl') return jsonLines(rows);
  if (options.format === 'csv') return csvLines(rows);
  const summary = selected(found, options.metric);
  const { headline, sentences } = findings(summary, found.plan);
  return [
    `${headline}\n${sentences.map((sentence) => `  ${sentence}\n`).join('')}\n`,
    renderTable(summary, { width: process.stdout.columns ?? 100 }),
    spaced(renderSettingTables(settingTables(found, summary), 'table', process.stdout.columns ?? 100)),
    options.metric === undefined || options.claims !== undefined
      ? spaced(renderClaims(judgeClaims(found, found.claims), process.stdout.columns ?? 100))
      : '',
    renderLaws(checkedLaws(found, summary), process.stdout.columns ?? 100),
    renderHonest(honestBands(found, summary), process.stdout.columns ?? 100),
    options.metric === undefined ? renderRemovals(found.runs) : '',
    cost ? renderCosts(cost) : '',
  ];
}

const spaced = (text: string): string => (text === '' ? '' : `${text}\n`);

function rowsOf({ experiment, scores }: Results, { measures }: Summary): Iterable<ScoreRow> {
  const keys = new Set(measures.map(({ key }) => key));
  return new ScoreRows(experiment, scores, (measure) => keys.has(measureKey(measure)));
}

function selected(found: Results, metric: string | undefined): Summary {
  const summary = summarise(found, metric);
  if (metric !== undefined && summary.measures.length === 0) {
    throw unknownMetric(found, metric);
  }
  return summary;
}
