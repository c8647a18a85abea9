/** `habsburg metrics`: every metric with its variant, version and settings; with a file, their values on its texts. */
import { HabsburgError } from '../../common/errors.js';
import { GROUPS, GROUP_NAMES } from '../../evaluations/groups.js';
import { evaluations } from '../../evaluations/index.js';
import { intervalsOverTexts } from '../../evaluations/per-text.js';
import { sizeOf, sizeSettings, type Size } from '../../evaluations/size.js';
import { defaultsOf, tableName, type Evaluation, type EvaluationInput, type Settings } from '../../evaluations/types.js';
import { MEASURES } from '../../kinds/chains/measures.js';
import { pText } from '../../report/tests-table.js';
import type { CommandModule } from '../command.js';
import { collect } from '../options.js';
import { printJson } from '../output.js';
import { table, wantsColor } from '../table.js';
import { embeddingsFor } from '../embeddings.js';
import { beside, sentencesBeside, type Beside } from '../metrics-against.js';
import { atSize, checkSize, chosen, inputOf, measuredBy, parsesOver, readTexts, settingsFor, sizeGiven, withParses, wordsIn, type Measured, type TextLine } from '../text-metrics.js'; // prettier-ignore

interface Options {
  readonly json?: boolean;
  readonly list?: boolean;
  readonly metrics?: string;
  readonly reference?: string;
  readonly against?: string;
  readonly size?: string;
  readonly encoder?: string;
  readonly embeddings?: string;
  readonly referenceEmbeddings?: string;
  readonly set: readonly string[];
}

export const metrics: CommandModule = {
  register(program) {
    program
      .command('metrics')
      .description('list the metrics, or measure the texts of a file')
      .argument('[file]', 'texts, a JSON object a line: {"text": "…"}, perhaps with "references": ["…"]; or parses, FILE.conllu')
      .option('--list', 'list the metrics, with variant, version and settings; what a call without a file does, too')
      .option('--metrics <names>', 'NAME or NAME.VARIANT, with commas; default: all that the files allow')
      .option('--reference <file>', 'real texts to compare with; as many lines as the file has are references line by line, too')
      .option('--against <file>', 'other texts to set beside them, at equal size, with tests over texts')
      .option('--size <size>', 'texts=N or words=N: the mean over random subsets of that size; with samples=10,seed=0')
      .option(
        '--encoder <folder>',
        'sentence encoder for metrics of meaning: a folder in the layout of sentence-transformers, or hf://OWNER/NAME@REVISION',
      )
      .option(
        '--embeddings <file>',
        'vectors of the texts, .npy or .jsonl with {"embedding": […]} a line; the file of texts may then be left out',
      ) // prettier-ignore
      .option('--reference-embeddings <file>', 'vectors of the real texts')
      .option('--set <key=value>', 'a setting of all metrics that have it, such as words=0', collect, []) // prettier-ignore
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        '\nExample:\n  habsburg metrics written.jsonl --reference real.jsonl --metrics self-bleu.stein,distinct,rouge',
      )
      .action(async (file: string | undefined, options: Options) => {
        if ((file ?? options.embeddings) !== undefined && !options.list) return measure(file, options);
        const idle = (['metrics', 'reference', 'against', 'size', 'encoder', 'embeddings', 'referenceEmbeddings', 'set'] as const).find((key) => options[key]?.length); // prettier-ignore
        if (idle)
          throw new HabsburgError('invalid', `--${idle.replace('E', '-e')} goes with a file of texts; add that, or leave it out`);
        list(options);
      });
  },
};

/** Texts of a file, and what there is to measure of them. */
async function given(file: string | undefined, real: TextLine[] | undefined, options: Options) {
  const lines = file === undefined ? undefined : await readTexts(file);
  const textsIn = (some: typeof lines) => some?.map(({ text }) => text);
  const embedded = await embeddingsFor(options, {
    written: textsIn(lines),
    real: textsIn(real),
    // where they are asked for alone: there are many sentences in a text
    sentences: options.metrics?.split(',').some((name) => /^d-sem(\.(stein|guo)-sentences)?$/.test(name.trim())),
  });
  const input: EvaluationInput = {
    ...(lines === undefined ? { records: {} } : inputOf(lines, real)),
    tables: { ...embedded?.tables, ...(embedded?.folder !== undefined && parsesOver(lines ?? [])) },
  };
  return { lines, texts: textsIn(lines) ?? [], embedded, input };
}

type Given = Awaited<ReturnType<typeof given>>;

async function measure(file: string | undefined, options: Options): Promise<void> {
  const { against, embeddings, referenceEmbeddings } = options;
  if (against !== undefined && (file === undefined || embeddings !== undefined || referenceEmbeddings !== undefined))
    throw new HabsburgError(
      'invalid',
      '--against sets two files of texts beside each other; vectors of both come with --encoder',
    );
  const real = options.reference === undefined ? undefined : await readTexts(options.reference);
  const one = await given(file, real, options);
  const other = against === undefined ? undefined : await given(against, real, options);
  const size = options.size === undefined ? undefined : sizeGiven(options.size);
  if (size && file === undefined)
    throw new HabsburgError('invalid', '--size goes with a file of texts; add that, or leave it out');
  const sides = [{ file, ...one }, ...(other ? [{ file: against, ...other }] : [])];
  if (size) for (const side of sides) checkSize(side.file!, side.texts, size);
  const asked = options.metrics?.split(',').map((name) => name.trim()).filter((name) => name !== ''); // prettier-ignore
  const named = sides.map(({ input, lines }) => chosen(asked, input, lines?.[0]?.conllu !== undefined));
  const found = named[0].filter((evaluation) => named.every((all) => all.includes(evaluation)));
  const set = settingsGiven(options.set);
  for (const key of Object.keys(set))
    if (!found.some(({ settings }) => key in settings.shape))
      throw new HabsburgError(
        'invalid',
        `--set ${key}: none of these metrics has that setting; habsburg metrics --list names them`,
      );
  if (one.embedded && !found.some(({ settings }) => 'encoder' in settings.shape))
    throw new HabsburgError('invalid', 'none of these metrics reads vectors of texts; ask for one that does, such as d-sem');
  const own = (evaluation: Evaluation): Settings => settingsFor(evaluation, { encoder: one.embedded?.encoder ?? '', ...set });
  const { kept, notes } = size ? atSize(found, asked, size, own) : { kept: found, notes: [] };
  for (const note of notes) process.stderr.write(`left out: ${note}\n`);
  const choice: Choice = { kept, own, size };
  return other ? setBeside(file!, [one, other], choice, options) : alone(file, one, choice, options);
}

/** The metrics that are asked for and can be measured, and how. */
interface Choice {
  readonly kept: readonly Evaluation[];
  readonly size: Size | undefined;
  own(evaluation: Evaluation): Settings;
}

/** Two files, at equal size, with tests over texts. */
async function setBeside(
  file: string,
  sides: readonly [Given, Given],
  { kept, own, size }: Choice,
  { against, reference, json }: Options,
): Promise<void> {
  const counts = [sides[0].texts.length, sides[1].texts.length] as const;
  const drawn = size === undefined && counts[0] !== counts[1] ? sizeGiven(`texts=${Math.min(...counts)}`) : undefined;
  const sized = new Set(drawn ? atSize(kept, undefined, drawn, own).kept : kept);
  const metrics = kept.map((evaluation) => ({ evaluation, settings: withSize(own(evaluation), sized.has(evaluation) ? (size ?? drawn) : undefined) })); // prettier-ignore
  const rows = beside(metrics, [await parsed(sides[0], metrics), await parsed(sides[1], metrics)]);
  const sentences = sentencesBeside(rows, counts, [wordsIn(sides[0].texts), wordsIn(sides[1].texts)], { asked: size, drawn });
  if (json)
    printJson('text-metrics', { file, against, reference, texts: counts, size: size ?? drawn, tokens: TOKENS, values: rows, sentences }); // prettier-ignore
  else process.stdout.write(`${besideTable(rows)}\n\n${sentences.join('\n')}\n`);
}

async function alone(
  file: string | undefined,
  one: Given,
  { kept, own, size }: Choice,
  { reference, embeddings, json }: Options,
): Promise<void> {
  const metrics = kept.map((evaluation) => ({ evaluation, settings: withSize(own(evaluation), size) }));
  const input = await parsed(one, metrics);
  const measured = metrics.map(({ evaluation, settings }) => {
    const intervals = intervalsOverTexts(evaluation, input, sizeOf(settings).own);
    const values = measuredBy(evaluation, input, settings).map((value): Measured & Interval => {
      const interval = intervals.get(value.variant);
      return { ...value, ...(interval && { overTexts: { low: interval[0], high: interval[1] } }) };
    });
    return { evaluation, values };
  });
  const values = measured.flatMap((row) => row.values);
  const undefinedHere = measured
    .filter((row) => row.values.length === 0)
    .map(({ evaluation: { name, variant } }) => ({ name, variant }));
  if (json) {
    printJson('text-metrics', { file, reference, embeddings, texts: one.lines?.length, tokens: TOKENS, values, undefined: undefinedHere }); // prettier-ignore
    return;
  }
  const bounds = values.some(({ overTexts }) => overTexts);
  const cells = [
    ...values.map((v) => [
      ...[v.metric, v.variant, v.version, digits(v.value)],
      ...(bounds ? [v.overTexts ? `${digits(v.overTexts.low)} to ${digits(v.overTexts.high)}` : ''] : []),
      ...[v.n, v.signature ?? words(v.settings)],
    ]),
    ...undefinedHere.map(({ name, variant }) => [name, variant, '', 'not defined', ...(bounds ? [''] : []), '', '']),
  ];
  const heads = ['metric', 'variant', 'version', 'value', ...(bounds ? ['95 % over texts'] : []), 'n', 'settings'];
  const said = bounds ? '\nIntervals are over texts (bootstrap): how far a mean over texts would move with other texts of the same model, not with another seed.\n' : ''; // prettier-ignore
  process.stdout.write(`${table(heads, cells, { color: wantsColor() })}\n${said}`);
}

/** With the parses that these metrics read. */
const parsed = async (
  { input, lines = [], embedded }: Given,
  metrics: Parameters<typeof withParses>[2],
): Promise<EvaluationInput> => ({ ...input, tables: await withParses(input.tables, lines, metrics, embedded?.folder) });

const TOKENS = 'words between white space';

interface Interval {
  readonly overTexts?: { readonly low: number; readonly high: number };
}

const withSize = (settings: Settings, size: Size | undefined): Settings =>
  size === undefined ? settings : { ...settings, ...sizeSettings(size) };

function besideTable(rows: readonly Beside[]): string {
  const cells = rows.map(({ metric, variant, values, tests, settings }) => [
    metric,
    variant,
    ...values.flatMap((side) => (side ? [`${digits(side.value)}${side.sd === undefined ? '' : ` ± ${digits2(side.sd)}`}`, side.n] : ['not defined', ''])), // prettier-ignore
    pText(tests?.mannWhitney),
    pText(tests?.kolmogorovSmirnov),
    pText(tests?.levene),
    words(sizeOf(settings).own),
  ]);
  const heads = ['metric', 'variant', 'first', 'n', 'second', 'n', 'Mann-Whitney', 'Kolmogorov', 'Levene', 'settings'];
  return table(heads, cells, { color: wantsColor() });
}

const digits2 = (value: number): string => String(Number(value.toPrecision(2)));
const digits = (value: number): string => String(Number(value.toPrecision(6)));

function settingsGiven(set: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    set.map((one) => {
      const at = one.indexOf('=');
      if (at < 1) throw new HabsburgError('invalid', `--set ${one}: a setting is KEY=VALUE, such as words=0`);
      return [one.slice(0, at), one.slice(at + 1)];
    }),
  );
}

const words = (settings: Settings): string =>
  Object.entries(settings)
    .map(([k, v]) => `${k}: ${v}`)
    .join(', ');

function list({ json }: Options): void {
  const inOrder = GROUP_NAMES.flatMap((name) => evaluations.filter(({ group }) => group === name));
  const rows = inOrder.map((evaluation) => {
    const { name, variant, version, group, summary, higherIsBetter, usual, needs, subject } = evaluation;
    return {
      name,
      variant,
      version,
      group,
      subject,
      ...(higherIsBetter === undefined ? {} : { higherIsBetter }),
      // measured where an experiment's file names none
      usual: usual !== false,
      needs: { ...needs, observations: (needs.observations ?? []).map(tableName) },
      settings: defaultsOf(evaluation),
      summary,
    };
  });
  const cheap = Object.entries(MEASURES).flatMap(([family, measures]) => measures.map((measure) => ({ family, ...measure })));
  if (json) {
    printJson('metrics', { metrics: rows, ofCheapModels: cheap });
    return;
  }
  const cells = rows.map((r) => [GROUPS[r.group].title, r.name, r.variant, r.version, words(r.settings), r.summary]);
  process.stdout.write(
    `${table(['about', 'metric', 'variant', 'version', 'settings', 'what it is'], cells, { color: wantsColor() })}\n\n` +
      `${table(
        ['family', 'metric', 'variant', 'version', 'what it is'],
        cheap.map((m) => [m.family, m.metric, m.variant, m.version, m.summary]),
        { color: wantsColor() },
      )}\n`,
  );
}
