/**
 * score: evaluations of what a model is and what it wrote. Each is a step of its own, `evaluate`, keyed by what it alone needs, so
 * that one more on an old run computes itself and nothing else. Output `scores`: what all of them found, in one document.
 */
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef } from '../artifacts/types.js';
import { FAILURE_PREFIX } from '../common/errors.js';
import { metricsDigest } from '../documents/done.js';
import { evaluationOf, examples } from '../evaluations/index.js';
import { realTextProblem } from '../evaluations/real-text.js';
import { isOfTraining, roleOf, TRAINING } from '../evaluations/training.js';
import type { Evaluation, ObservationRef, RecordsRole, Settings } from '../evaluations/types.js';
import { defaultsOf, rolesOf, tableName } from '../evaluations/types.js';
import { isModelFree } from '../observations/index.js';
import { metricKey } from '../spec/metric-key.js';
import { kindOf } from '../kinds/index.js';
import type { ScoresDocument } from '../spec/results.js';
import { SCORES_FILE, SCORES_SCHEMA } from '../spec/results.js';
import { toFailure } from './failures.js';
import { importEncoder, ofNobody } from './encoder.js';
import { observe } from './observe.js';
import { measuring, type Measured } from './measuring.js';
import { runStep, type StepContext } from './step.js';
import type { ActivityDependencies, EvaluationFailure, ScoreInput, ScoreResult, StepResult } from './types.js';

const VERSION = 2;

export function scoreActivity(deps: ActivityDependencies) {
  return async (input: ScoreInput): Promise<ScoreResult> => {
    const tables = observed(deps, input);
    const found: Record<string, StepResult> = {};
    const failures: EvaluationFailure[] = [];
    await measuring(async (measured) => {
      for (const { name, variant, settings } of [...input.metrics, ...shownOf(input)]) {
        try {
          const evaluation = evaluationOf({ name, variant });
          if (evaluation.of !== writtenBy(input)) continue; // a metric of members of another kind
          if (input.mixed === undefined && asksMixed(evaluation)) continue; // of members that mix their test set
          if (input.model === undefined && realTextProblem(evaluation, settings) !== undefined) continue; // of what a model wrote
          found[metricKey({ name, variant, settings })] = await evaluate(deps, input, evaluation, settings, tables, measured);
        } catch (error) {
          const failure = toFailure(error, `evaluating ${name}`, activityInfo().attempt);
          // another attempt may cure it, or what it reads is damaged and is to be made anew
          if (!(failure instanceof ApplicationFailure) || !failure.nonRetryable || failure.details?.length) throw failure;
          // one that cannot be computed is told, and costs no other
          failures.push({ evaluation: name, type: failure.type ?? `${FAILURE_PREFIX}failed`, message: failure.message });
        }
      }
    });
    const scores = await together(deps, input, found);
    const seen = await tables.made();
    return {
      ...scores,
      failures,
      metrics: metricsDigest(input.metrics),
      tables: Object.fromEntries(Object.entries(seen).map(([name, { outputs }]) => [name, outputs.table])),
      counts: { observations: counted(seen), evaluations: counted(found) },
    };
  };
}

/** Whether it looks at the mixed test set, which not every member has. */
function asksMixed({ needs }: Evaluation): boolean {
  return [...(needs.records ?? []), ...(needs.observations ?? []).map(({ of }) => of)].includes('mixed');
}

function counted(steps: Readonly<Record<string, StepResult>>): { computed: number; reused: number } {
  const reused = Object.values(steps).filter(({ cached }) => cached).length;
  return { computed: Object.keys(steps).length - reused, reused };
}

const writtenBy = ({ family }: ScoreInput): string | undefined => kindOf(family)?.writes;

/** What a reader sees beside the numbers, whether asked for or not. */
function shownOf(input: ScoreInput): ScoreInput['metrics'] {
  return examples
    .filter(({ of }) => of === writtenBy(input))
    .map((example) => ({ name: example.name, variant: example.variant, settings: defaultsOf(example) }));
}

interface Tables {
  /** the table of an observation, which is made when it is first asked for. @param settings of the metric that asks */
  of(need: ObservationRef, settings: Settings): Promise<ArtifactRef>;
  /** the steps of those that could be made, by tableName, those under an encoder by its name, those with settings of a metric with these */
  made(): Promise<Readonly<Record<string, StepResult>>>;
}

function observed(deps: ActivityDependencies, input: ScoreInput): Tables {
  const { model, first, lossOn } = input;
  const place = model === undefined ? ofNobody(input.place) : input.place;
  const asked = new Map<string, Promise<StepResult>>();
  const encoders = new Map<string, Promise<StepResult>>();
  const once = (steps: Map<string, Promise<StepResult>>, name: string, make: () => Promise<StepResult>) => {
    const step = steps.get(name) ?? make();
    steps.set(name, step);
    return step;
  };
  /** the same vectors whoever wrote the texts, and whenever */
  const embed = async (need: ObservationRef, name: string) => {
    const { encoder } = (
      await once(encoders, name, () => importEncoder(deps, place, name, { source: input.encoders?.[name], claims: input.claims }))
    ).outputs;
    return observe(deps, {
      place: ofNobody(place),
      observation: need.observation,
      model: encoder,
      data: setOf(input, need.of),
      settings: {},
    });
  };
  return {
    async of(asking, metric) {
      const need = { ...asking, of: roleOf(asking.of, metric) };
      const encoder = String(metric.encoder ?? '');
      const { name, settings } = reading(need, metric, lossOn);
      const step =
        need.under === 'encoder'
          ? once(asked, tableName(need).replace(/encoder$/, encoder), () => embed(need, encoder))
          : once(asked, name, () => {
              // model 0 looks once for all generations at what they may share; at what one wrote it looks once anyway
              const shared = need.of === 'test' || need.of === 'written0' || need.of === TRAINING;
              const byFirst = need.under === 'first' || (need.of === TRAINING && isModelFree(need.observation));
              return observe(deps, {
                place: byFirst && shared ? { ...place, generation: 0 } : place,
                observation: need.observation,
                model: byFirst ? first : model,
                data: setOf(input, need.of),
                settings,
              });
            });
      return (await step).outputs.table;
    },
    async made() {
      const steps: Record<string, StepResult> = {};
      for (const [name, step] of asked) await step.then((result) => (steps[name] = result)).catch(() => undefined);
      return steps;
    },
  };
}

/** @throws ApplicationFailure for a set that some runs do not know */
function setOf(input: ScoreInput, role: RecordsRole | 'model'): ArtifactRef {
  const ref = input[role];
  if (ref) return ref;
  throw ApplicationFailure.nonRetryable(
    `this run was begun by a version that kept no ${role === 'written0' ? 'record of what model 0 wrote' : role}; habsburg score EXPERIMENT measures it once the run is done`,
    `${FAILURE_PREFIX}invalid`,
  );
}

/**
 * How records are read, as the metric asks and else as the member reads; the table is called likelihood/test/self?prefix=32 where that is not
 * the same. What counts of a template's records is no question where there are none.
 */
function reading(need: ObservationRef, metric: Settings, lossOn: ScoreInput['lossOn']): { name: string; settings: Settings } {
  const own: Settings = lossOn ? { lossOn } : {};
  const { lossOn: counted, ...rest } = need.asked?.(metric) ?? {};
  const settings: Settings = { ...own, ...rest, ...(lossOn && counted !== undefined && { lossOn: counted }) };
  const other = Object.keys(settings)
    .filter((key) => settings[key] !== own[key])
    .sort();
  const name = tableName(need);
  return { settings, name: other.length === 0 ? name : `${name}?${other.map((key) => `${key}=${settings[key]}`).join('&')}` };
}

/** One evaluation. */
async function evaluate(
  deps: ActivityDependencies,
  input: ScoreInput,
  evaluation: Evaluation,
  settings: Settings,
  tables: Tables,
  measured: Measured,
): Promise<StepResult> {
  const { name, variant, version, needs } = evaluation;
  const subject = setOf(input, evaluation.subject === 'model' ? 'model' : roleOf('generated', settings));
  const refs: Record<string, ArtifactRef> = { subject };
  for (const role of [...rolesOf(needs), ...(needs.tokenTypes ?? [])]) refs[role] = setOf(input, roleOf(role, settings));
  for (const need of needs.observations ?? []) refs[tableName(need)] = await tables.of(need, settings);
  if (needs.truth) refs.truth = truthOf(input, name);
  return runStep(
    deps,
    {
      step: 'evaluate',
      version,
      // one training set, and one real text, has the same value in whatever run, generation and member it is
      place: isOfTraining(settings) || input.model === undefined ? ofNobody(input.place) : input.place,
      inputs: refs,
      parameters: { evaluation: name, variant, settings },
      engine: false,
    },
    async (step) => leave(step, await measured(step, refs, { evaluation, settings, subject: subject.digest })),
  );
}

/** What all found, in the order in which they were asked for. */
function together(
  deps: ActivityDependencies,
  { place }: ScoreInput,
  found: Readonly<Record<string, StepResult>>,
): Promise<StepResult> {
  const inputs = Object.fromEntries(Object.entries(found).map(([name, { outputs }]) => [name, outputs.scores]));
  return runStep(
    deps,
    { step: 'score', version: VERSION, place, inputs, parameters: { order: Object.keys(inputs) }, engine: false },
    async (step) => {
      const all: ScoresDocument[] = [];
      for (const ref of Object.values(inputs))
        all.push(JSON.parse(await readFile(join(await step.input(ref), SCORES_FILE), 'utf8')) as ScoresDocument);
      const pictures = all.find((document) => document.pictures)?.pictures;
      return leave(step, {
        schema: SCORES_SCHEMA,
        values: all.flatMap(({ values }) => values),
        histograms: all.flatMap(({ histograms }) => histograms),
        samples: all.flatMap(({ samples }) => samples),
        ...(pictures === undefined ? {} : { pictures }),
      });
    },
  );
}

async function leave(step: StepContext, document: ScoresDocument) {
  const out = await step.folder('scores');
  await writeFile(join(out, SCORES_FILE), `${JSON.stringify(document, null, 1)}\n`);
  return { outputs: { scores: { kind: 'scores', folder: out } }, report: { values: document.values.length } };
}

function truthOf({ truth }: ScoreInput, name: string): ArtifactRef {
  if (truth) return truth;
  throw ApplicationFailure.nonRetryable(
    `${name} compares with the true distribution, which only grammar: data has; remove it from metrics`,
    `${FAILURE_PREFIX}invalid`,
  );
}
