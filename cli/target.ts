/** What an operator's command is about: an experiment or one of its runs, which must be there and not have ended. */
import { openArtifactStore } from '../artifacts/open.js';
import { HabsburgError } from '../common/errors.js';
import { listExperiments } from '../documents/plans.js';
import { nearest } from '../spec/suggest.js';
import { QUEUES } from '../workflows/contract.js';
import { endingOf, sentenceOf } from './ended.js';
import type { Session, SessionOptions } from './session.js';
import { homeOf, isExternal } from './session.js';
import { isOver, snapshot, type ExperimentSnapshot } from './snapshot.js';
import { resolveStoreUrl } from './store-option.js';
import { call } from './temporal.js';
import { ago, list, shellCommand } from './words.js';
import { workersOn } from './workers.js';

export interface TargetOptions extends SessionOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const TARGET = 'an experiment (quickstart), or one run of it (quickstart/replace/seed-1)';

const experimentOf = (target: string): string => target.split('/', 1)[0];

/**
 * The experiment of a target that has not ended.
 * @param ended words that would do what was asked with one that has ended
 * @throws HabsburgError `notFound` for an unknown or ended target, saying what happened to it; `failed` where it is stuck;
 * `unreachable` where no worker would answer
 */
export async function runningTarget(
  session: Session,
  target: string,
  verb: string,
  ended: readonly string[] = [],
): Promise<ExperimentSnapshot> {
  const { client, standing } = session;
  const name = experimentOf(target);
  // the server alone is asked: whether workers answer is looked at below
  const state = await known(session, name);
  if (isOver(state)) {
    const goOn = ended.length > 0 ? endingOf(state, ended) : sentenceOf(state);
    throw new HabsburgError('notFound', `there is nothing to ${verb}: ${goOn}`, { details: { status: state.status } });
  }
  if (target !== name) {
    const { status, closeTime } = await call(target, () => client.workflow.getHandle(target).describe());
    if (status.name !== 'RUNNING')
      throw new HabsburgError(
        'notFound',
        `there is nothing to ${verb}: the run ${target} ended ${closeTime ? ago(closeTime) : ''} (${status.name.toLowerCase().replaceAll('_', ' ')})`,
      );
  }
  if (state.trouble && verb !== 'cancel')
    throw new HabsburgError('failed', sentenceOf(state), { details: { trouble: state.trouble } });
  if (standing && verb !== 'cancel' && (await workersOn(client, QUEUES.workflow, 'workflow')).length === 0)
    throw new HabsburgError(
      'unreachable',
      `no worker serves ${QUEUES.workflow}, so ${target} cannot answer; start one: habsburg worker`,
    );
  return state;
}

/** @throws HabsburgError `notFound`, naming what there is, for an experiment that the server does not know */
export async function known({ client }: Session, name: string): Promise<ExperimentSnapshot> {
  try {
    return await snapshot(client, name, { standing: false });
  } catch (error) {
    if ((error as Error).name !== 'WorkflowNotFoundError') return call(name, () => Promise.reject(error));
    const names: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType = "experiment"' }))
      if (!names.includes(workflowId)) names.push(workflowId);
    const guess = nearest(name, names);
    throw new HabsburgError(
      'notFound',
      `no experiment ${name} has run here${guess ? `; did you mean ${guess}?` : names.length > 0 ? `; known: ${list(names, 10)}` : ''}`,
      { details: { known: names } },
    );
  }
}

/** The error of a command about something where no server has ever run; what the store holds is said. */
export async function neverRan(target: string, options: SessionOptions & { readonly store?: string }): Promise<HabsburgError> {
  const name = experimentOf(target);
  const where = isExternal(options) ? 'on this server' : `in ${homeOf(options)}`;
  const store = resolveStoreUrl(options.store);
  const stored = await listExperiments(openArtifactStore(store)).catch((): string[] => []);
  return new HabsburgError(
    'notFound',
    stored.includes(name)
      ? `${name} never ran ${where}, but its results are in ${store}: ${shellCommand(['habsburg', 'results', name, ...(options.store === undefined ? [] : ['--store', options.store])])}`
      : `nothing has run ${where} yet, so there is no ${name}; --home names the folder of an embedded server, TEMPORAL_ADDRESS a server of your own`,
  );
}
