/** What became of an experiment by the documents in a store alone: for where no server remembers it. */
import type { ArtifactStore } from '../artifacts/types.js';
import { findPlan, listExperiments } from '../documents/plans.js';
import { readRuns } from '../documents/runs.js';
import { expand } from '../spec/expand.js';
import type { RunIndex } from '../spec/documents.js';
import type { RunProblem } from '../workflows/contract.js';
import { failureSentences, type Failed } from './ended.js';
import type { Status } from './snapshot.js';
import { counted } from './words.js';

export interface StoredState {
  readonly experiment: string;
  /** `stopped`: runs are missing, and no server is known that goes on with them */
  readonly status: Status;
  readonly plan: string;
  readonly store: string;
  /** `generations`: the last that the plan asks for */
  readonly result: Failed & { readonly done: number; readonly generations: number };
}

/** Undefined where the store does not know the experiment. */
export async function storedState(store: ArtifactStore, experiment: string): Promise<StoredState | undefined> {
  if (!(await listExperiments(store)).includes(experiment)) return undefined;
  const { plan, digest } = await findPlan(store, experiment);
  const runs = await readRuns(store, plan, digest);
  const total = expand(plan).length;
  const done = runs.filter(({ status }) => status === 'done').length;
  const failures = runs
    .filter(({ status }) => status === 'failed')
    .map(({ run, failure }) => ({ run, kind: 'failed', message: failure ?? 'no reason was recorded' }));
  const ended = done + failures.length === total;
  const problems = runs.filter(({ status }) => status === 'done').flatMap(unscored);
  const incomplete = new Set(problems.map(({ run }) => run)).size;
  return {
    experiment,
    status: done === total && incomplete === 0 ? 'done' : !ended ? 'stopped' : done > 0 ? 'partly failed' : 'failed',
    plan: digest,
    store: store.objects.url,
    result: { runs: total, done, failed: failures.length, failures, incomplete, problems, generations: plan.generations },
  };
}

/** The evaluations of a run that failed for good. */
function unscored({ run, generations }: RunIndex): RunProblem[] {
  return generations.flatMap(({ generation, members }) =>
    Object.entries(members).flatMap(([member, { failure, scores }]) => {
      if (failure === undefined) return [];
      const partly = scores && { partly: true as const };
      return [{ run, what: 'score' as const, generation, member, ...partly, kind: 'failed', message: failure }];
    }),
  );
}

/** A sentence without its full stop. */
export function storedSentence({ experiment, store, result }: StoredState): string {
  const { runs, done, generations } = result;
  const words = failureSentences(result)
    .map((sentence) => `; ${sentence}`)
    .join('');
  return `${experiment} is not on this server; the store ${store} has ${done} of ${counted(runs, 'run')} done to generation ${generations}${words}; habsburg results ${experiment} shows them`;
}
