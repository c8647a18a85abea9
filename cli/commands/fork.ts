/** fork: writes an experiment of one condition as it was and as it goes on with other settings from a generation on, and runs it. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { Document, isCollection, visit } from 'yaml';
import { openArtifactStore } from '../../artifacts/open.js';
import { HabsburgError, isHabsburgError } from '../../common/errors.js';
import { packageRoot } from '../../common/version.js';
import { identified } from '../../data/identify.js';
import { withSources } from '../../data/recorded.js';
import { findPlan, shortDigest, type FoundPlan } from '../../documents/plans.js';
import { planDigest } from '../../spec/digest.js';
import { runId } from '../../spec/expand.js';
import { forkOf, type Fork } from '../../spec/fork.js';
import { loadExperiment, loadText, type SpecProblem } from '../../spec/load.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { pathOfSource } from '../../spec/sources.js';
import type { CommandModule } from '../command.js';
import { untilInterrupted } from '../interrupt.js';
import { collect, positiveInteger } from '../options.js';
import { notes, printJson } from '../output.js';
import { withHome } from '../session.js';
import { PLAN_HELP, resolveStoreUrl, STORE_OPTION } from '../store-option.js';
import { list } from '../words.js';
import { runExperiment, type RunOptions } from './run.js';

interface Options extends RunOptions {
  readonly atGeneration: string;
  readonly name?: string;
  readonly data?: string;
  readonly file?: string;
  readonly plan?: string;
  readonly dryRun?: boolean;
}

export const fork: CommandModule = {
  register(program: Command): void {
    withHome(program.command('fork'))
      .description('let a run go on with other settings from a generation on, beside the run as it was')
      .argument('<run>', 'a run (quickstart/replace/seed-1), or a condition with all its seeds (quickstart/replace)')
      .requiredOption('--at-generation <n>', 'the first generation with other settings; those before it are reused')
      .requiredOption(
        '--set <path=value>',
        'what changes: mixture.…, override.MEMBER.…, of a single member also training.…; repeatable',
        collect,
        [],
      ) // prettier-ignore
      .option('--name <name>', 'name of the new experiment and its file (default: that of the experiment, with -fork)')
      .option('--data <dir>', "folder of the experiment's local files (default: the current one)")
      .option('--file <file|preset>', 'what the experiment was run from, where the store does not know it')
      .option('--plan <digest>', PLAN_HELP)
      .option('--dry-run', 'print the new experiment file; write and run nothing')
      .option(...STORE_OPTION)
      .option('--slots <n>', 'steps at a time on the embedded worker; default: as many as runs go at a time, at most one a core')
      .option('--detach', 'start it and return; needs a server and workers that stay (habsburg dev, or your own)')
      .option('--json', 'print JSON; progress stays on stderr')
      .option('--quiet', 'no progress and no notes: results and errors alone')
      .addHelpText(
        'after',
        '\nExample:\n  habsburg fork quickstart/replace/seed-1 --at-generation 3 --set mixture.kind=accumulate',
      )
      .action((target: string, options: Options) => untilInterrupted((signal) => execute(target, options, signal)));
  },
};

async function execute(target: string, options: Options, signal: AbortSignal): Promise<void> {
  const [experiment, condition, ...rest] = target.split('/');
  const store = resolveStoreUrl(options.store);
  const found = await findPlan(openArtifactStore(store), experiment, { digest: options.plan });
  const { seed, generation } = wanted(found.plan, { experiment, condition, run: rest.join('/') }, options);
  const name = options.name ?? `${experiment}-fork`.slice(-60).replace(/^-+/, '');
  const made = forkOf(await documentOf(found, experiment, options), {
    condition,
    ...(seed === undefined ? {} : { seed }),
    generation,
    sets: options.set,
    name,
    generations: found.plan.generations,
  });
  const file = resolve(`${name}.yaml`);
  const text = yamlOf(made, file, `${target}, plan ${shortDigest(found.digest)}, with other settings from generation ${generation} on`); // prettier-ignore
  checked(text, file, made);
  if (options.dryRun) {
    if (options.json) printJson('fork', { experiment: name, file, document: made.document });
    else process.stdout.write(text);
    return;
  }
  if (existsSync(file) && (await readFile(file, 'utf8')) !== text)
    throw new HabsburgError('invalid', `${relative('.', file)} is there already and is another experiment; name this one otherwise: --name ${name}-2`); // prettier-ignore
  await writeFile(file, text);
  notes(options.quiet)(`${relative('.', file)}: ${condition} as it was, and ${made.condition}`);
  await runExperiment(relative('.', file), { ...options, set: [] }, signal);
}

/** @throws 'notFound' or 'invalid' for a run or generation that the experiment does not have */
function wanted(
  plan: ExperimentPlan,
  { experiment, condition, run }: { experiment: string; condition: string | undefined; run: string },
  { atGeneration }: Options,
): { seed: number | undefined; generation: number } {
  const { conditions, seeds } = plan;
  const names = conditions.map(({ name }) => name);
  if (condition === undefined || !names.includes(condition))
    throw new HabsburgError(
      condition === undefined ? 'invalid' : 'notFound',
      `${condition === undefined ? `${experiment} alone names no run` : `${experiment} has no condition ${condition}`}; name one: ${list(names.map((one) => `${experiment}/${one}`), 10)}`,
    ); // prettier-ignore
  const seed = seeds.find((one) => runId(condition, one) === `${condition}/${run}`);
  if (run !== '' && seed === undefined)
    throw new HabsburgError('notFound', `${experiment}/${condition} has no run ${run}; it has ${list(seeds.map((one) => `seed-${one}`), 10)}`); // prettier-ignore
  const generation = positiveInteger('--at-generation', atGeneration);
  const { generations: until = Infinity } = conditions.find(({ name }) => name === condition)!;
  const generations = Math.min(plan.generations, until);
  if (generation > generations)
    throw new HabsburgError(
      'invalid',
      `--at-generation ${generation}: ${experiment}/${condition} goes to generation ${generations}; give a number from 1 to that, or run it further first`,
    );
  return { seed, generation };
}

/** What the experiment's file said, with its local files where they are now. */
async function documentOf({ document, digest }: FoundPlan, experiment: string, options: Options): Promise<unknown> {
  if (options.file === undefined) {
    if (document === undefined)
      throw new HabsburgError(
        'invalid',
        `an earlier version of Habsburg recorded ${experiment}, without what its file said; give the file: --file experiment.yaml`,
      );
    return withSources(document, resolve(options.data ?? '.'), experiment);
  }
  const loaded = await loadExperiment(options.file);
  const own = planDigest(await identified(loaded.plan));
  if (own !== digest)
    throw new HabsburgError(
      'invalid',
      `${options.file} is another plan (${shortDigest(own)}) than ${experiment} (${shortDigest(digest)}): its generations would be computed anew; give the file as it was run, with what was set written into it`,
    );
  return loaded.document;
}

/** Local files by their path from the new file. */
function yamlOf({ document }: Fork, file: string, about: string): string {
  const folder = dirname(file);
  const yaml = new Document(document, { aliasDuplicateObjects: false });
  visit(yaml, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && node.value.startsWith('file:/'))
        node.value = `file:${relative(folder, pathOfSource(node.value)) || '.'}`;
    },
    Collection(_key, node, path) {
      // what fits on a line stands on one, below the headings
      const depth = path.filter(isCollection).length;
      if (depth > 0 && JSON.stringify(node.toJSON()).length <= 100) node.flow = true;
    },
  });
  const schema = relative(folder, join(packageRoot(), 'schemas', 'experiment.schema.json'));
  return `# yaml-language-server: $schema=${schema}\n# ${about}.\n${yaml.toString({ lineWidth: 0 })}`;
}

/** @throws 'invalid' with problems at the `--set`s that caused them */
function checked(text: string, file: string, { settings }: Fork): void {
  try {
    loadText(text, { file, shown: relative('.', file), cwd: process.cwd() });
  } catch (error) {
    const problems = isHabsburgError(error) && (error.details?.problems as SpecProblem[] | undefined);
    if (!problems) throw error;
    const lines = problems.map(({ path, message, suggestion }) => {
      const set = settings.findLast(
        (one) => path === one.path || path.startsWith(`${one.path}.`) || one.path.startsWith(`${path}.`),
      );
      return `${set ? `--set ${set.text}` : path}: ${message}${suggestion === undefined ? '' : `; ${suggestion}`}`;
    });
    throw new HabsburgError('invalid', lines.join('\n'), { details: { problems } });
  }
}
