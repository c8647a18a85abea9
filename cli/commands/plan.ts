/** `habsburg plan`: what an experiment would do: runs, steps, what they have in common, and how many tokens. Runs nothing. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../artifacts/open.js';
import { isHabsburgError } from '../../common/errors.js';
import { whatIsDone, type Done } from '../../documents/done.js';
import { dataWords, memberBrief } from '../../kinds/words.js';
import { describeCondition } from '../../report/describe-phases.js';
import { planDigest } from '../../spec/digest.js';
import { stretches } from '../../spec/documents.js';
import { expand } from '../../spec/expand.js';
import { chainMembers, stepMembers } from '../../spec/members.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { outline, stepsOfGeneration, total, type Outline, type RunOutline, type StepName } from '../../workflows/outline.js';
import type { CommandModule } from '../command.js';
import { collect } from '../options.js';
import { printJson } from '../output.js';
import { loadAndLook } from '../preflight.js';
import { detection, seedsFor, type DetectOptions } from '../detect.js';
import { STORE_OPTION, resolveStoreUrl } from '../store-option.js';
import { style, table, wantsColor } from '../table.js';
import { counted, plural } from '../words.js';

interface PlanOptions extends DetectOptions {
  readonly set: string[];
  readonly store?: string;
  readonly json?: boolean;
}

export const plan: CommandModule = {
  register(program: Command): void {
    program
      .command('plan')
      .description('show what an experiment would do, without doing it')
      .argument('<file|preset>', 'experiment YAML, or the name of a preset')
      .option('--set <path=value>', 'change a value; repeatable', collect, [])
      .option('--detect <size>', 'how many seeds show an effect of this size: 5%, or a difference in the metric’s unit')
      .option('--metric <name>', 'with --detect: NAME, NAME/VARIANT, or all (default: the leading one)')
      .option('--power <chance>', 'with --detect: the chance that they show it (default: 0.8)')
      .option('--pilot <experiment>', 'with --detect: whose seeds tell the spread (default: earlier runs of this plan)')
      .option(...STORE_OPTION)
      .option('--json', 'print JSON: the whole plan, its runs and steps')
      .addHelpText('after', '\nExample:\n  habsburg plan nature-small --set seeds=1,2 --set population.opt.prompts=previous\n')
      .action(async (target: string, options: PlanOptions) => {
        const wanted = detection(options);
        const loaded = await loadAndLook(target, { sets: options.set });
        const digest = planDigest(loaded.plan);
        const { store, done } = await lookIn(loaded.plan, options.store);
        const there = done && { store, generations: done.generations, runs: done.runs };
        const steps = outline(loaded.plan);
        const chains = chainRuns(loaded.plan);
        const all = { ...steps, ...(chains.length > 0 && { chains }) };
        const seeds = wanted && (await seedsFor(wanted, loaded.plan, target, store));
        if (options.json)
          printJson('plan', { digest, plan: loaded.plan, done: there, outline: all, ...(seeds && { detect: seeds.json }) }); // prettier-ignore
        else if (seeds) process.stdout.write(seeds.text);
        else process.stdout.write(`${render(loaded.plan, steps, chains, digest, wantsColor())}\n${doneWords(store, done)}`);
      });
  },
};

/** What of it lies in the store already; where the store cannot be asked, a line says so, and the plan is shown all the same. */
async function lookIn(plan: ExperimentPlan, option: string | undefined): Promise<{ store: string; done?: Done }> {
  const store = resolveStoreUrl(option);
  try {
    return { store, done: await whatIsDone(openArtifactStore(store), plan) };
  } catch (error) {
    if (!isHabsburgError(error)) throw error;
    process.stderr.write(`what is done already cannot be said: ${error.message}\n`);
    return { store };
  }
}

function doneWords(store: string, done: Done | undefined): string {
  if (!done) return '';
  const { generations, runs } = done;
  if (generations.there === 0) return `\nNothing of it is in ${store} yet.\n`;
  const scored =
    generations.scored === generations.there
      ? ''
      : `, ${generations.scored.toLocaleString('en')} of them scored with these metrics`;
  return `\nIn ${store} already: ${generations.there.toLocaleString('en')} of ${counted(generations.asked, 'generation')}${scored}; ${runs.done} of ${counted(runs.asked, 'run')} done.\n`;
}

/** A block of chains: seeds of one cheap member, some generations a step. */
interface ChainRun {
  readonly run: string;
  readonly condition: string;
  readonly seeds: number;
  readonly steps: number;
}

function chainRuns(experiment: ExperimentPlan): ChainRun[] {
  return expand(experiment).flatMap((run) =>
    run.kind === 'chains'
      ? [{ run: run.id, condition: run.condition, seeds: run.seeds.length, steps: stretches(run).length }]
      : [],
  );
}

function render(experiment: ExperimentPlan, steps: Outline, chains: readonly ChainRun[], digest: string, color: boolean): string {
  const { conditions, seeds, generations, population } = experiment;
  const upTo = conditions.some((condition) => condition.seeds !== undefined) ? 'up to ' : '';
  const runs = steps.runs.length + chains.length;
  return [
    `${style('bold', experiment.name, color)}${experiment.title === undefined ? '' : `: ${experiment.title}`}`,
    `${runs} ${plural(runs, 'run')} (${conditions.length} ${plural(conditions.length, 'condition')} x ${upTo}${seeds.length} ${plural(seeds.length, 'seed')}), generations 0 to ${generations}; plan ${digest.slice(0, 19)}`,
    '',
    ...dataWords(experiment.data).flatMap(({ head, splits }) => [
      head,
      ...splits.map(([split, what]) => `  ${split.padEnd(6)} ${what}`),
    ]),
    ...population.map((member) => `member ${member.name}: ${memberBrief(member)}`),
    ...conditions.map((c) => `under ${c.name}: ${describeCondition(c)}`),
    ...(steps.runs.length > 0 ? ['', ...stepLines(experiment, steps, color)] : []),
    ...(chains.length > 0 ? ['', ...chainLines(experiment, chains, color)] : []),
  ].join('\n');
}

/** Runs whose steps are activities. */
function stepLines(experiment: ExperimentPlan, steps: Outline, color: boolean): string[] {
  const { totals } = steps;
  const { generations, data } = experiment;
  const same = totals.steps - totals.computed;
  const texts = stepMembers(experiment).some(({ family }) => family === 'language-model');
  const prepared = dataWords(data).flatMap((words) => words.prepared ?? []);
  return [
    'steps',
    ...prepared.map((what) => `  once: prepare (${what})`),
    `  generation 0: ${stepsOfGeneration(steps, 0).join(' -> ')}`,
    ...(generations > 0 ? [`  generation t: ${stepsOfGeneration(steps, 'later').join(' -> ')}`] : []),
    '',
    table(
      [
        { title: 'run' },
        { title: 'steps' },
        { title: 'shared' },
        ...(texts
          ? [
              { title: 'tokens to train', right: true },
              { title: 'to write', right: true },
              { title: 'to score', right: true },
            ]
          : []),
      ],
      steps.runs.map((run) => [
        run.run,
        run.steps.length,
        run.steps.filter((s) => s.sameAs !== undefined).length,
        ...(texts ? costs(run) : []),
      ]),
      { color },
    ),
    '',
    `${totals.computed} ${totals.computed === 1 ? 'step is' : 'steps are'} computed${same === 0 ? '' : `; ${same} ${same === 1 ? 'is the same as one' : 'are the same as those'} of another run and ${same === 1 ? 'is' : 'are'} computed once`}`,
    ...(!texts
      ? []
      : totals.trainTokens === undefined
        ? ['token numbers are known once the text is read; data.limit bounds them']
        : [
            `at most ${count(totals.trainTokens)} tokens to train, ${count(totals.writeTokens)} to write, ${count(totals.scoreTokens)} to score`,
          ]),
  ];
}

/** Chains of cheap models have no tokens to count: what runs, in blocks of seeds. */
function chainLines({ conditions, seeds, ...experiment }: ExperimentPlan, runs: readonly ChainRun[], color: boolean): string[] {
  const chains = conditions.length * seeds.length * chainMembers(experiment).length;
  const steps = runs.reduce((sum, run) => sum + run.steps, 0);
  return [
    `${counted(chains, 'chain')} in ${counted(runs.length, 'run')}, ${counted(steps, 'step')}`,
    '',
    table(
      [{ title: 'run' }, { title: 'chains', right: true }, { title: 'steps', right: true }],
      runs.map((run) => [run.run, run.seeds, run.steps]),
      { color },
    ),
  ];
}

function costs(run: RunOutline): string[] {
  const mine = run.steps.filter((s) => s.sameAs === undefined);
  const of = (name: StepName): string => count(total(mine.filter((s) => s.step === name)));
  return [of('finetune'), of('generate'), of('score')];
}

const count = (tokens: number | undefined): string => (tokens === undefined ? '?' : tokens.toLocaleString('en-US'));
