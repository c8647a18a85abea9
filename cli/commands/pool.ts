/** pool: the ancestry of a training set, from the store alone. */
import { openArtifactStore } from '../../artifacts/open.js';
import { HabsburgError } from '../../common/errors.js';
import { findPlan } from '../../documents/plans.js';
import { readStretch } from '../../documents/runs.js';
import { Ancestry, type Ancestor, type Share } from '../../pool/ancestry.js';
import { visible } from '../../report/text.js';
import { sourceName } from '../../spec/digest.js';
import type { MemberIndex } from '../../spec/documents.js';
import { expand } from '../../spec/expand.js';
import type { CommandModule } from '../command.js';
import { positiveInteger, wholeGeneration } from '../options.js';
import { printJson } from '../output.js';
import { printLines } from '../print-lines.js';
import { PLAN_HELP, STORE_OPTION, resolveStoreUrl } from '../store-option.js';
import { table } from '../table.js';
import { counted, list } from '../words.js';

interface Options {
  readonly generation: number;
  readonly member?: string;
  readonly records?: string;
  readonly plan?: string;
  readonly store?: string;
  readonly json?: boolean;
}

/** A member's training set. */
interface Pooled {
  readonly member: string;
  readonly records: number;
  readonly shares: readonly Share[];
  /** of some records: each, what it continues, and so on back to a real text */
  readonly lines?: readonly (readonly Ancestor[])[];
}

export const pool: CommandModule = {
  register(program) {
    program
      .command('pool')
      .description('what a generation was trained on: shares by source, member and generation, and records back to human text')
      .argument('<run>', 'a run (quickstart/replace/seed-1)')
      .requiredOption('--generation <n>', 'the generation that was trained', wholeGeneration('--generation'))
      .option('--member <name>', 'this member alone (default: all)')
      .option('--records <n>', 'so many records, evenly through the set, each with the texts that led to it')
      .option('--plan <digest>', PLAN_HELP)
      .option('--json', 'print JSON: shares, and records with their ancestors')
      .option(...STORE_OPTION)
      .addHelpText('after', '\nExample:\n  habsburg pool quickstart/replace/seed-1 --generation 3 --records 5')
      .action(execute);
  },
};

async function execute(target: string, options: Options): Promise<void> {
  const { generation } = options;
  const [experiment, ...rest] = target.split('/');
  const store = openArtifactStore(resolveStoreUrl(options.store));
  const { plan, digest } = await findPlan(store, experiment, { digest: options.plan });
  const runs = expand(plan);
  const run = runs.find(({ id }) => id === rest.join('/'));
  if (run === undefined) {
    const names = runs.slice(0, 4).map(({ id }) => `${experiment}/${id}`);
    throw new HabsburgError(
      'notFound',
      `${target} is no run of ${experiment}; it has ${list(names)}${runs.length > 4 ? ' …' : ''}`,
    );
  }
  if (run.kind !== undefined)
    throw new HabsburgError('invalid', `${target} is a block of cheap models, which keep counts and moments in place of records`);
  const { generations } = await readStretch(store, run, digest, 0, generation + 1);
  const at = generations.find((one) => one.generation === generation)?.members;
  if (at === undefined)
    throw new HabsburgError('notFound', `${target} has no generation ${generation} yet${generations.length > 0 ? `; its last is ${generations.at(-1)!.generation}` : ''}`); // prettier-ignore
  if (options.member !== undefined && !Object.hasOwn(at, options.member))
    throw new HabsburgError('notFound', `${target} has no member ${options.member}; it has ${list(Object.keys(at))}`);

  const ancestry = new Ancestry(
    (of, path) => store.readFile(of, path),
    (member, t) => (generations.find((one) => one.generation === t)?.members[member] as MemberIndex | undefined)?.prompts,
  );
  const count = positiveInteger('--records', options.records);
  const found: Pooled[] = [];
  for (const [member, { dataset }] of Object.entries(at)) {
    if (dataset === undefined || (options.member ?? member) !== member) continue;
    const shares = await ancestry.sharesOf(dataset);
    const lines = count === undefined ? undefined : await ancestry.linesOf(dataset, count);
    found.push({ member, records: shares.reduce((sum, { records }) => sum + records, 0), shares, ...(lines && { lines }) });
  }
  if (found.length === 0)
    throw new HabsburgError('notFound', `nothing was trained on records in generation ${generation} of ${target}`);
  if (options.json) printJson('pool', { experiment, plan: digest, run: run.id, generation, members: found });
  else await printLines(found.flatMap((one) => [`${words(target, generation, one)}\n`]));
}

function words(target: string, generation: number, { member, records, shares, lines }: Pooled): string {
  const weighted = shares.some(({ lossShare }) => lossShare !== undefined);
  const rows = shares.map((share) => [nameOf(share), share.records, percent(share.share), percent(share.lossShare ?? share.share)].slice(0, weighted ? 4 : 3)); // prettier-ignore
  const right = (title: string) => ({ title, right: true });
  const heads = ['from', 'records', right('share'), ...(weighted ? [right('of the loss')] : [])];
  const head = `${target}, generation ${generation}: ${member} was trained on ${counted(records, 'record')}`;
  return [head, table(heads, rows), ...(lines ?? []).map((line) => `\n${line.map(ancestorWords).join('\n')}`)].join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function nameOf({ source, member, generation }: Share): string {
  return source === undefined ? `${member}, generation ${generation}` : `real: ${sourceName(source)}`;
}

const SHOWN = 100;

/** One of a record's line: itself, or what the one before it continues. */
function ancestorWords({ id, origin, text, prompt }: Ancestor, i: number): string {
  const { records } = origin.kind === 'generated' ? origin : {};
  const by =
    origin.kind === 'real'
      ? `real, of ${sourceName(origin.source)}`
      : `by ${origin.member} in generation ${origin.generation}${records ? `, of ${records[0]} to ${records[1]}` : ''}`;
  const own = text === undefined ? '' : `: ${JSON.stringify(shortened(text))}`;
  const asked = i === 0 && prompt ? `, after ${JSON.stringify(shortened(prompt.text))}` : '';
  return `${'  '.repeat(i)}${i === 0 ? '' : 'continues '}${id}, ${by}${asked}${own}`;
}

function shortened(text: string): string {
  const seen = visible(text);
  return seen.length <= SHOWN ? seen : `${seen.slice(0, SHOWN - 1)}…`;
}
