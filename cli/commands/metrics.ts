/** `habsburg metrics`: every metric with its variant, version and settings; with a file, their values on its texts. */
import { HabsburgError } from '../../common/errors.js';
import { GROUPS, GROUP_NAMES } from '../../evaluations/groups.js';
import { evaluations } from '../../evaluations/index.js';
import { defaultsOf, tableName, type EvaluationInput, type Settings } from '../../evaluations/types.js';
import { MEASURES } from '../../kinds/chains/measures.js';
import type { CommandModule } from '../command.js';
import { printJson } from '../output.js';
import { table, wantsColor } from '../table.js';
import { embeddingsFor } from '../embeddings.js';
import { chosen, inputOf, measuredBy, readTexts, settingsFor, withParses } from '../text-metrics.js';

interface Options {
  readonly json?: boolean;
  readonly list?: boolean;
  readonly metrics?: string;
  readonly reference?: string;
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
      .option(
        '--encoder <folder>',
        'sentence encoder for metrics of meaning: a folder in the layout of sentence-transformers, or hf://OWNER/NAME@REVISION',
      )
      .option(
        '--embeddings <file>',
        'vectors of the texts, .npy or .jsonl with {"embedding": […]} a line; the file of texts may then be left out',
      ) // prettier-ignore
      .option('--reference-embeddings <file>', 'vectors of the real texts')
      .option(
        '--set <key=value>',
        'a setting of all metrics that have it, such as words=0',
        (one: string, all: string[]) => [...all, one],
        [],
      ) // prettier-ignore
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        '\nExample:\n  habsburg metrics written.jsonl --reference real.jsonl --metrics self-bleu.stein,distinct,rouge',
      )
      .action(async (file: string | undefined, options: Options) => {
        if ((file ?? options.embeddings) !== undefined && !options.list) return measure(file, options);
        const idle = (['metrics', 'reference', 'encoder', 'embeddings', 'referenceEmbeddings', 'set'] as const).find((key) => options[key]?.length); // prettier-ignore
        if (idle)
          throw new HabsburgError('invalid', `--${idle.replace('E', '-e')} goes with a file of texts; add that, or leave it out`);
        list(options);
      });
  },
};

async function measure(file: string | undefined, options: Options): Promise<void> {
  const lines = file === undefined ? undefined : await readTexts(file);
  const real = options.reference === undefined ? undefined : await readTexts(options.reference);
  const textsIn = (some: typeof lines) => some?.map(({ text }) => text);
  const embedded = await embeddingsFor(options, { written: textsIn(lines), real: textsIn(real) });
  const input: EvaluationInput = {
    ...(lines === undefined ? { records: {} } : inputOf(lines, real)),
    tables: embedded?.tables ?? {},
  };
  const asked = options.metrics?.split(',').map((name) => name.trim()).filter((name) => name !== ''); // prettier-ignore
  const found = chosen(asked, input, lines?.[0]?.conllu !== undefined);
  const given = settingsGiven(options.set);
  for (const key of Object.keys(given))
    if (!found.some(({ settings }) => key in settings.shape))
      throw new HabsburgError(
        'invalid',
        `--set ${key}: none of these metrics has that setting; habsburg metrics --list names them`,
      );
  if (embedded && !found.some(({ settings }) => 'encoder' in settings.shape))
    throw new HabsburgError('invalid', 'none of these metrics reads vectors of texts; ask for one that does, such as d-sem');
  const metrics = found.map((evaluation) => ({
    evaluation,
    settings: settingsFor(evaluation, { encoder: embedded?.encoder ?? '', ...given }),
  }));
  const tables = withParses(input.tables, lines ?? [], metrics);
  const measured = metrics.map(({ evaluation, settings }) => ({
    evaluation,
    values: measuredBy(evaluation, { ...input, tables }, settings),
  }));
  const values = measured.flatMap((one) => one.values);
  const undefinedHere = measured
    .filter((one) => one.values.length === 0)
    .map(({ evaluation: { name, variant } }) => ({ name, variant }));
  if (options.json) {
    printJson('text-metrics', {
      file,
      reference: options.reference,
      embeddings: options.embeddings,
      texts: lines?.length,
      tokens: 'words between white space',
      values,
      undefined: undefinedHere,
    });
    return;
  }
  const cells = [
    ...values.map((v) => [v.metric, v.variant, v.version, digits(v.value), v.n, v.signature ?? words(v.settings)]),
    ...undefinedHere.map(({ name, variant }) => [name, variant, '', 'not defined', '', '']),
  ];
  process.stdout.write(`${table(['metric', 'variant', 'version', 'value', 'n', 'settings'], cells, { color: wantsColor() })}\n`);
}

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
