/** `habsburg plan`: what an experiment would do: runs, steps, what they have in common, and how many tokens. Runs nothing. */
import type { Command } from 'commander';
import { configWords } from '../../spec/architectures.js';
import { decodingWords } from '../../engine/generate/decoding.js';
import { optimizerWords } from '../../engine/train/optimizers/index.js';
import { vaeWords } from '../../spec/vae/words.js';
import { planDigest } from '../../spec/digest.js';
import { outline, stepsOfGeneration, total, type Outline, type RunOutline, type StepName } from '../../workflows/outline.js';
import { describeCondition } from '../../report/describe-phases.js';
import { describePlan } from '../../report/describe.js';
import { expand } from '../../spec/expand.js';
import { BLOCKS } from '../../spec/simulation/blocks.js';
import type { SamplePlan } from '../../spec/mixture.js';
import type { SimulationPlan } from '../../spec/simulation/plan.js';
import type {
  AnyDataPlan,
  AnyExperimentPlan,
  AnyMemberPlan,
  ExperimentPlan,
  MemberPlan,
  VaeMemberPlan,
} from '../../spec/plan.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { isHabsburgError } from '../../common/errors.js';
import { whatIsDone, type Done } from '../../documents/done.js';
import type { CommandModule } from '../command.js';
import { collect } from '../options.js';
import { printJson } from '../output.js';
import { loadAndLook } from '../preflight.js';
import { style, table, wantsColor } from '../table.js';
import { STORE_OPTION, resolveStoreUrl } from '../store-option.js';
import { counted, plural } from '../words.js';

export const plan: CommandModule = {
  register(program: Command): void {
    program
      .command('plan')
      .description('show what an experiment would do, without doing it')
      .argument('<file|preset>', 'experiment YAML, or the name of a preset')
      .option('--set <path=value>', 'change a value; repeatable', collect, [])
      .option(...STORE_OPTION)
      .option('--json', 'print JSON: the whole plan, its runs and steps')
      .addHelpText('after', '\nExample:\n  habsburg plan nature-small --set seeds=1,2 --set population.opt.prompts=previous\n')
      .action(async (target: string, options: { set: string[]; store?: string; json?: boolean }) => {
        const loaded = await loadAndLook(target, { sets: options.set });
        const digest = planDigest(loaded.plan);
        const { store, done } = await lookIn(loaded.plan, options.store);
        const there = done && { store, generations: done.generations, runs: done.runs };
        if (loaded.plan.kind === 'simulation') {
          const runs = expand(loaded.plan).map(({ id, condition, seeds }) => ({ run: id, condition, seeds: seeds.length }));
          if (options.json)
            printJson('plan', { digest, plan: loaded.plan, done: there, outline: { experiment: loaded.plan.name, runs } });
          else process.stdout.write(`${renderSimulation(loaded.plan, digest, wantsColor())}\n${doneWords(store, done)}`);
          return;
        }
        const steps = outline(loaded.plan);
        if (options.json) printJson('plan', { digest, plan: loaded.plan, done: there, outline: steps });
        else process.stdout.write(`${render(loaded.plan, steps, digest, wantsColor())}\n${doneWords(store, done)}`);
      });
  },
};

/** What of it lies in the store already; where the store cannot be asked, a line says so, and the plan is shown all the same. */
async function lookIn(plan: AnyExperimentPlan, option: string | undefined): Promise<{ store: string; done?: Done }> {
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

/** Chains of cheap models have no tokens to count: what runs, in blocks of seeds. */
function renderSimulation(experiment: SimulationPlan, digest: string, color: boolean): string {
  const runs = expand(experiment);
  const { conditions, seeds, generations } = experiment;
  const steps = runs.reduce((sum, run) => sum + Math.ceil((generations + 1) / BLOCKS[run.member.world.family].generations), 0);
  return [
    `${style('bold', experiment.name, color)}${experiment.title === undefined ? '' : `: ${experiment.title}`}`,
    `${conditions.length * seeds.length} chains (${conditions.length} ${plural(conditions.length, 'condition')} x ${seeds.length} ${plural(seeds.length, 'seed')}) in ${runs.length} ${plural(runs.length, 'run')}, generations 0 to ${generations}, ${steps} ${plural(steps, 'step')}; plan ${digest.slice(0, 19)}`,
    describePlan(experiment),
    '',
    ...conditions.map((c) => `under ${c.name}: ${describeCondition(c)}`),
    '',
    table(
      [{ title: 'run' }, { title: 'chains', right: true }],
      runs.map((run) => [run.id, run.seeds.length]),
      { color },
    ),
  ].join('\n');
}

/** What `data.subset` draws of a split. */
function partText(data: ExperimentPlan['data'], split: 'train' | 'valid' | 'test'): string {
  if (data.kind === 'images' || data.subset === undefined || data.subset[split] === 1) return '';
  return `, ${Number((100 * data.subset[split]).toPrecision(6))} % of its lines by seed ${data.subset.seed}`;
}

function render(experiment: ExperimentPlan, steps: Outline, digest: string, color: boolean): string {
  const { data, conditions, seeds, generations, population } = experiment;
  const { totals } = steps;
  const unit = data.kind === 'images' ? 'images' : 'blocks';
  const splits = (['train', 'valid', 'test'] as const).map(
    (split) =>
      `  ${split.padEnd(6)} ${sourceText(data, split)}${partText(data, split)}${data.limit[split] === undefined ? '' : `, at most ${data.limit[split]} ${unit}`}`,
  );
  const same = totals.steps - totals.computed;
  const texts = data.kind === undefined;
  return [
    `${style('bold', experiment.name, color)}${experiment.title === undefined ? '' : `: ${experiment.title}`}`,
    `${totals.runs} ${plural(totals.runs, 'run')} (${conditions.length} ${plural(conditions.length, 'condition')} x ${seeds.length} ${plural(seeds.length, 'seed')}), generations 0 to ${generations}; plan ${digest.slice(0, 19)}`,
    '',
    data.kind === 'images' ? 'data, images' : `data, ${data.block} tokens a block`,
    ...splits,
    ...population.map((m) => `member ${m.name}: ${m.family === 'vae' ? describeVae(m) : describeLanguageModel(m)}`),
    '',
    'steps',
    texts ? '  once: prepare (text, tokenizer, blocks)' : '  once: prepare (images, splits)',
    `  generation 0: ${stepsOfGeneration(steps, 0).join(' -> ')}`,
    ...(generations > 0 ? [`  generation t: ${stepsOfGeneration(steps, 'later').join(' -> ')}`] : []),
    ...conditions.map((c) => `    under ${c.name}: ${describeCondition(c)}`),
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
  ].join('\n');
}

function costs(run: RunOutline): string[] {
  const mine = run.steps.filter((s) => s.sameAs === undefined);
  const of = (name: StepName): string => count(total(mine.filter((s) => s.step === name)));
  return [of('finetune'), of('generate'), of('score')];
}

const count = (tokens: number | undefined): string => (tokens === undefined ? '?' : tokens.toLocaleString('en-US'));
const startText = (start: MemberPlan['start']): string =>
  ({ base: 'its base', 'generation-0': 'model 0', previous: 'the model before' })[start];

function sourceText(data: AnyDataPlan, split: 'train' | 'valid' | 'test'): string {
  if (data.kind === undefined || split === 'train') return data[split]!;
  return data[split] ?? `${Number((100 * data.heldOut[split]).toPrecision(4))} % of train, held out`;
}

function describeLanguageModel(member: MemberPlan): string {
  return `${describeBase(member)}; starts from ${startText(member.start)}, ${trainsText(member)}${describeDecoding(member)}, prompts: ${member.prompts}${sampleText(member.sample)}`;
}

function sampleText(sample: SamplePlan | undefined): string {
  if (sample === undefined) return '';
  return `; ${sample.size}${sample.growth === 0 ? '' : ` (t+1)^${sample.growth}`} records a generation`;
}

function describeVae(member: VaeMemberPlan): string {
  const { base, start, decoding, sample } = member;
  return `${vaeWords(base.architecture)}; starts from ${startText(start)}, ${trainsText(member)}writes images (pixels: ${decoding.pixels})${sampleText(sample)}`;
}

/** AdamW goes without saying. */
function trainsText({ training }: AnyMemberPlan): string {
  return training.optimizer === undefined ? '' : `trains by ${optimizerWords(training)}, `;
}

function describeBase({ base }: MemberPlan): string {
  if (base.kind === 'checkpoint') return base.source;
  return `${configWords(base.config)} from scratch`;
}

function describeDecoding({ decoding: d }: MemberPlan): string {
  const length = d.minNewTokens === d.maxNewTokens ? `${d.maxNewTokens}` : `${d.minNewTokens} to ${d.maxNewTokens}`;
  return `writes ${length} tokens a block (${decodingWords(d).join(', ')})`;
}
