/** `--records` of the lm commands: fields through a template to rows of token ids, with labels where the answer alone counts. */
import { Option, type Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import { tokenIds } from '../../../common/token-ids.js';
import { labelsOf, packRows, parseRecords, promptRow, templateRow, type TemplateOptions } from '../../../data/template.js';
import type { Checkpoint } from '../../../engine/index.js';
import { loadTokenizer } from '../../../engine/tokenizer/files.js';
import { parseTemplate, TEMPLATE_NAMES, TEMPLATES, type TemplateName, type TemplatePlan } from '../../../kinds/text/templates.js';
import { endTokens, integer } from './inputs.js';
import { readText } from './read.js';

export interface RecordOptions {
  readonly template?: string;
  readonly lossOn?: 'answer' | 'all';
  readonly maxLength?: number;
}

/** Rows for training and scoring. */
export interface LabelledRows {
  readonly rows: Int32Array[];
  /** absent: every token counts */
  readonly labels?: Int32Array[];
}

export const templateOption = (): Option =>
  new Option(
    '--template <name>',
    `what a record's fields become: ${TEMPLATE_NAMES.join(', ')}, or a file with {instruction}, {output} … in their places`,
  );

export function addRecordOptions(command: Command): Command {
  return command
    .addOption(templateOption())
    .addOption(
      new Option('--loss-on <part>', "of a record: the answer's tokens or all of them (default: answer)").choices(['answer', 'all']), // prettier-ignore
    )
    .option('--max-length <n>', "longer records are left out (default: 1024, or the model's longest)", integer(2));
}

/** @throws HabsburgError 'invalid' for options that would have no effect */
export function checkRecordOptions(options: RecordOptions & { readonly packing?: boolean }, given: boolean): void {
  const flags = { template: '--template', lossOn: '--loss-on', maxLength: '--max-length', packing: '--packing' } as const;
  for (const [key, flag] of Object.entries(flags))
    if (options[key as keyof typeof flags] !== undefined && !given)
      throw new HabsburgError('invalid', `${flag} concerns records; give --records too`);
  if (given && options.template === undefined)
    throw new HabsburgError('invalid', `--records needs --template: ${TEMPLATE_NAMES.join(', ')}, or a file`);
}

/** A template by name, or from a file. */
export async function readTemplate(nameOrFile: string): Promise<TemplatePlan> {
  if (TEMPLATE_NAMES.includes(nameOrFile as TemplateName)) return TEMPLATES[nameOrFile as TemplateName];
  const format = (await readText(nameOrFile)).replace(/\n$/, '');
  const parsed = parseTemplate(format);
  if ('problem' in parsed) throw new HabsburgError('invalid', `${nameOrFile}: the template ${parsed.problem}`);
  return { format };
}

async function templateOptions(model: string, checkpoint: Checkpoint, template: string): Promise<TemplateOptions> {
  return {
    template: await readTemplate(template),
    tokenizer: await loadTokenizer(model),
    endTokens: endTokens(checkpoint),
  };
}

/** The records of a file as rows with labels; says on stderr how many were too long. */
export async function recordRows(
  model: string,
  checkpoint: Checkpoint,
  file: string,
  options: RecordOptions,
  packing = false,
): Promise<LabelledRows> {
  const template = await templateOptions(model, checkpoint, options.template!);
  const longest = options.maxLength ?? Math.min(1024, checkpoint.config.maxPositions);
  const all = parseRecords(await readText(file), file).map((record) => templateRow(record, template));
  const kept = all.filter(({ tokens }) => tokens.length <= longest);
  if (kept.length === 0)
    throw new HabsburgError(
      'invalid',
      all.length === 0 ? `${file} has no records` : `${file}: all ${all.length} records are longer than ${longest} tokens; give a larger --max-length`, // prettier-ignore
    );
  if (kept.length < all.length)
    process.stderr.write(
      `${file}: ${all.length - kept.length} of ${all.length} records are longer than ${longest} tokens and left out\n`,
    );
  const rows = kept.map(({ tokens }) => tokenIds(tokens, `a record of ${file}`));
  const labels = kept.map((row) => labelsOf(row, options.lossOn ?? 'answer'));
  return packing ? packRows(rows, labels, longest) : { rows, labels };
}

/** The prompts of a file's records. */
export async function recordPrompts(
  model: string,
  checkpoint: Checkpoint,
  file: string,
  template: string,
): Promise<Int32Array[]> {
  const options = await templateOptions(model, checkpoint, template);
  return parseRecords(await readText(file), file).map((record) => tokenIds(promptRow(record, options), record.where));
}
