/**
 * postprocess: operators on a set of texts. Output `kept`: a selection of the set where texts were only removed, a dataset where one
 * was shortened. An operator that needs an observation reads the texts as the operators before it left them: these are a step first.
 */
import type { ArtifactRef } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import type { JobReport } from '../kinds/host/types.js';
import { operatorNamed } from '../operators/index.js';
import { tableName, type ObservationNeed } from '../operators/types.js';
import { selectionOf, writeSelection } from '../pool/selection.js';
import { needsOf, type OperatorPlan } from '../spec/operator-plan.js';
import { trainDetector } from './detector.js';
import { importEncoder } from './encoder.js';
import { observe } from './observe.js';
import type { PostprocessedTexts, TextsToPostprocess } from './postprocess-texts.js';
import { recordsOf } from './sets.js';
import { runStep, type StepOutput } from './step.js';
import { tokenizerFacts } from './tokenizer-facts.js';
import type { ActivityDependencies, PostprocessInput, StepResult } from './types.js';

const VERSION = 1;

export function postprocessActivity(deps: ActivityDependencies) {
  return async (input: PostprocessInput): Promise<StepResult> => {
    const reports: JobReport[] = [];
    let set = input.set;
    let cached = true;
    let last: StepResult | undefined;
    let from = 0;
    const { detectors, ...learned } = await detectorsOf(deps, input);
    cached &&= learned.cached;
    for (const operators of stagesOf(input.operators)) {
      last = await stage(deps, { ...input, set, operators }, { detectors, from, before: reports });
      from += operators.length;
      reports.push(last.report);
      cached &&= last.cached;
      set = last.outputs.kept;
    }
    return { ...last!, cached, report: { ...together(reports), ...learned.report } };
  };
}

type Models = NonNullable<PostprocessInput['models']>;

/** The detectors that operators ask for, and how good each is on texts that it did not learn from, as `detector/WHOSE/accuracy` and so on. */
async function detectorsOf(deps: ActivityDependencies, { place, operators, detectors: texts = {} }: PostprocessInput) {
  const detectors: { -readonly [U in keyof Models]: Models[U] } = {};
  const report: Record<string, JobReport[string]> = {};
  let cached = true;
  for (const under of new Set(
    needsOf(operators).observations.flatMap((need) => (need.by === 'detector' && need.under !== 'given' ? [need.under] : [])),
  )) {
    const trained = await trainDetector(deps, place, texts[under]!);
    detectors[under] = trained.outputs.detector;
    for (const fact of ['accuracy', 'auc', 'calibrationError']) report[`detector/${under}/${fact}`] = trained.report[fact];
    cached &&= trained.cached;
  }
  return { detectors: detectors as Models, report, cached };
}

/** The list in pieces, of which each begins with an operator that needs an observation, but for the first. */
function stagesOf(operators: readonly OperatorPlan[]): OperatorPlan[][] {
  const stages: OperatorPlan[][] = [];
  for (const one of operators) {
    if (stages.length === 0 || needsOf([one]).observations.length > 0) stages.push([]);
    stages[stages.length - 1].push(one);
  }
  return stages;
}

interface Stage {
  readonly detectors: Models;
  /** how many operators stand before these: two of one kind draw different lots */
  readonly from: number;
  readonly before: readonly JobReport[];
}

async function stage(
  deps: ActivityDependencies,
  input: PostprocessInput,
  { detectors, from, before }: Stage,
): Promise<StepResult> {
  const { place, set, operators } = input;
  const needs = needsOf(operators);
  const tokenizer = needs.tokenizer ? input.tokenizer : undefined;
  const prompts = needs.prompts ? input.prompts : undefined;
  const ofSplit = input.split && { split: input.split };
  const tables: Record<string, ArtifactRef> = {};
  const reader = async ({ by, under, model }: ObservationNeed): Promise<ArtifactRef> => {
    if (under !== 'given') return (by === 'detector' ? detectors : input.models!)[under]!;
    return (await importEncoder(deps, place, model!, { source: input.given![model!], claims: input.claims })).outputs.encoder;
  };
  for (const need of needs.observations) {
    const { outputs } = await observe(deps, {
      place,
      observation: need.observation,
      model: await reader(need),
      data: set,
      settings: {
        ...(input.lossOn && { lossOn: input.lossOn }),
        ...need.settings,
        ...(need.draws && { draw: { seed: place.seed, generation: place.generation, member: place.member, from, ...ofSplit } }),
      },
    });
    tables[tableName(need)] = outputs.table;
  }
  return runStep(
    deps,
    {
      step: 'postprocess',
      version: VERSION,
      place,
      inputs: { set, ...(tokenizer && { tokenizer }), ...(prompts && { prompts }), ...tables },
      parameters: {
        operators: operators.map(({ name, settings }) => ({ name, version: operatorNamed(name).version, settings })),
        ...(needs.draws && { ...(from > 0 && { from }), ...ofSplit }),
      },
      engine: false,
    },
    async (step) => {
      const out = await step.folder('kept');
      const folders: Record<string, string> = {};
      for (const [name, ref] of Object.entries(tables)) folders[name] = await step.input(ref);
      const done = await step.thread<PostprocessedTexts>(new URL('./postprocess-texts.js', import.meta.url), 'postprocessTexts', {
        operators,
        set: await recordsOf(step, set),
        endTokens: tokenizer === undefined ? [] : (await tokenizerFacts(step, tokenizer)).endTokens,
        ...(tokenizer && { tokenizer: await step.input(tokenizer) }),
        ...(prompts && { prompts: await recordsOf(step, prompts) }),
        tables: folders,
        rng: {
          seed: place.seed,
          generation: place.generation,
          member: place.member,
          step: input.split ? `postprocess/${input.split}` : 'postprocess',
        },
        from,
        out,
      } satisfies TextsToPostprocess);
      const report = reportOf(done);
      if (done.kept === 0) throw nothingLeft(input, together([...before, report]));
      return { outputs: { kept: await keptOf(input, done, out) }, report };
    },
  );
}

async function keptOf(
  { set, tokenizer }: PostprocessInput,
  { read, kept, edited, runs }: PostprocessedTexts,
  folder: string,
): Promise<StepOutput> {
  if (edited > 0) return { kind: 'dataset', folder, facts: { records: kept, ...(tokenizer && { tokenizer: tokenizer.digest }) } };
  const sets = new Map([['set', { ...set, records: read }]]);
  await writeSelection(folder, selectionOf(sets, runs.map(([first, count]) => ({ set: 'set', first, count })))); // prettier-ignore
  return { kind: 'selection', folder, facts: { records: kept } };
}

/**
 * `removed/NAME` of each operator, `reason/NAME/REASON` of one that says why texts go, and `copies/NAME` of one that leaves texts several
 * times; one that is there twice counts for both.
 */
function reportOf({ read, kept, edited, removed }: PostprocessedTexts): JobReport {
  const counts: Record<string, number> = {};
  const add = (name: string, count: number) => (counts[name] = (counts[name] ?? 0) + count);
  for (const { operator, records, copies, reasons } of removed) {
    add(`removed/${operator}`, records);
    for (const [reason, count] of Object.entries(reasons).sort(([a], [b]) => (a < b ? -1 : 1)))
      add(`reason/${operator}/${reason}`, count);
    if (copies > 0) add(`copies/${operator}`, copies);
  }
  return { read, kept, edited, ...counts };
}

/** One after the other; what several of them shortened counts for each. */
function together(reports: readonly JobReport[]): JobReport {
  const sums: Record<string, number> = {};
  for (const report of reports)
    for (const [name, count] of Object.entries(report)) sums[name] = (sums[name] ?? 0) + Number(count);
  return { ...sums, read: reports[0].read, kept: reports.at(-1)!.kept };
}

function nothingLeft({ place }: PostprocessInput, { read, ...counts }: JobReport): HabsburgError {
  const who = place.member === '' ? 'the real data have' : `${place.member} wrote in generation ${place.generation}`;
  const under = (prefix: string) =>
    Object.entries(counts).flatMap(([name, count]) => (name.startsWith(prefix) && count !== 0 ? [[name.slice(prefix.length), count] as const] : [])); // prettier-ignore
  const by = under('removed/').map(([name, count]) => {
    const why = under(`reason/${name}/`).map(([reason, some]) => `${reason} ${some}`);
    return `${name} removed ${count}${why.length === 0 ? '' : ` (${why.join(', ')})`}`;
  });
  return new HabsburgError(
    'invalid',
    `nothing is left of the ${read} records that ${who}: ${by.join(', ')}; loosen the settings of these operators`,
  );
}
