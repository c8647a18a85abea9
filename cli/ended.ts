/** What became of an experiment, in one sentence, with the command that goes on; and as the error that `run` and `watch` end with. */
import { HabsburgError } from '../common/errors.js';
import type { ErrorKind } from '../common/errors.js';
import { WORKFLOW_DEPLOYMENT, type ExperimentResult, type RunFailure, type RunProblem } from '../workflows/contract.js';
import { isOver, type ExperimentSnapshot } from './snapshot.js';
import { ago, counted, list, plural, shellCommand } from './words.js';

/** A sentence without its full stop. */
export function sentenceOf(state: ExperimentSnapshot, now = Date.now()): string {
  const { experiment: name, result } = state;
  const when = state.endedAt ? ago(new Date(state.endedAt), now) : '';
  const again = commandOf(state.command);
  switch (state.status) {
    case 'done':
      return `${name} finished ${when}: ${doneWords(result!)}; ${commandOf(state.command, '--set', `generations=${result!.generations + 1}`)} goes on`;
    case 'partly failed':
    case 'failed':
      return result
        ? `${name} finished ${when}, but ${failureSentences(result).join('; ')}; ${again} tries again`
        : `${name} failed ${when}: ${state.failure ?? 'no reason was given'}; ${again} tries again`;
    case 'cancelled':
      return `${name} was cancelled ${when}; what is finished is kept, and ${again} goes on from it`;
    case 'terminated':
      return `${name} was ended by force ${when}; what is finished is kept, and ${again} goes on from it`;
    case 'timed out':
      return `${name} timed out ${when}; ${again} goes on`;
    case 'stopped':
      return `${name} has not ended, but no server is up that goes on with it; ${again} does`;
    case 'stuck':
      if (state.trouble!.version !== undefined)
        return `${name} waits for a worker with the version of the workflow code that ${state.trouble!.workflow} is pinned to, ${state.trouble!.version}, and none serves it; start habsburg worker from that release, or end it with ${shellCommand(['habsburg', 'cancel', '--force', name])}, then ${again} goes on from what is finished`;
      if (state.trouble!.noneCurrent !== undefined)
        return `${name} waits, because no version of the workflow code is current, so that no workflow begins; ${makeCurrent(state.trouble!.noneCurrent)}, or start habsburg worker without --no-current`;
      return state.trouble!.otherCode
        ? `${name} was started by other workflow code than this and cannot go on with it; end it with ${shellCommand(['habsburg', 'cancel', '--force', name])}, then ${again} goes on from what is finished`
        : `${name} does not go on, because the workflow ${state.trouble!.workflow} fails: ${state.trouble!.reason}`;
    case 'paused':
      return `${name} is paused; habsburg resume ${name} goes on`;
    case 'running':
      return `${name} is running`;
  }
}

function makeCurrent(builds: readonly string[]): string {
  const [build, others] = builds.length === 1 ? [builds[0], ''] : ['BUILD', ` for one of ${list(builds)}`];
  const command = ['temporal', 'worker', 'deployment', 'set-current-version', '--deployment-name', WORKFLOW_DEPLOYMENT, '--build-id', build]; // prettier-ignore
  return `run ${shellCommand(command)}${others}`;
}

/** The same for one that ended, shortly, with the words that would go on as was asked. */
export function endingOf({ experiment, status, endedAt, command }: ExperimentSnapshot, words: readonly string[]): string {
  const did =
    status === 'done' || status === 'partly failed'
      ? 'finished'
      : status === 'failed'
        ? 'failed'
        : status === 'timed out'
          ? 'timed out'
          : `was ${status}`;
  return `${experiment} ${did} ${endedAt ? ago(new Date(endedAt)) : ''}; ${commandOf(command, ...words)} goes on`;
}

/** The error of an experiment that ended, or undefined where all runs are done. */
export function failureOf(state: ExperimentSnapshot): HabsburgError | undefined {
  if (state.status === 'done' || (!isOver(state) && state.status !== 'stuck')) return undefined;
  const failures: readonly RunFailure[] = state.result ? [...ordered(state.result.failures), ...state.result.problems] : [];
  const kind: ErrorKind = KINDS.has(failures[0]?.kind) ? (failures[0].kind as ErrorKind) : 'failed';
  const words = state.result
    ? `${failureSentences(state.result).join('; ')}; see habsburg status ${state.experiment}`
    : sentenceOf(state);
  return new HabsburgError(kind, words, {
    details: { status: state.status, failures, ...(state.trouble && { trouble: state.trouble }) },
  });
}

const KINDS = new Set(['invalid', 'verification', 'notFound', 'unreachable', 'resources']);

/** What of a result is about what went wrong. */
export type Failed = Pick<ExperimentResult, 'runs' | 'failed' | 'failures' | 'incomplete' | 'problems'>;

/**
 * "2 of 6 runs failed: the disk is full (replace/seed-1 and keep/seed-1)": equal reasons are one sentence, and a run that was cancelled
 * because of another one is told after it.
 */
export function failureSentences(result: Failed): string[] {
  return [...runSentences(result), ...problemSentences(result)];
}

/** What is missing of a run that goes on or is done: "replace/seed-1 lacks some scores of generation 3: perplexity: not a number". */
export function problemSentence({ run, what, generation, partly, message }: RunProblem): string {
  const of = generation === undefined ? '' : ` of generation ${generation}`;
  if (what === 'record') return `what ${run} left${of} could not be recorded: ${message}`;
  return `${run} ${partly ? 'lacks some scores' : 'has no scores'}${of}: ${message}`;
}

export function problemSentences({ incomplete, problems }: Pick<Failed, 'incomplete' | 'problems'>): string[] {
  const sentences = problems.map(problemSentence);
  const told = new Set(problems.map(({ run }) => run)).size;
  return incomplete > told
    ? [...sentences, `${counted(incomplete, 'run')} in all lack some of their scores or documents`]
    : sentences;
}

function runSentences({ runs, failed, failures }: Failed): string[] {
  const groups = new Map<string, RunFailure[]>();
  for (const failure of ordered(failures)) {
    const words = failure.message.replaceAll(failure.run, 'the run');
    groups.set(words, [...(groups.get(words) ?? []), failure]);
  }
  const sentences = [...groups.values()].map((group) => {
    const { message } = group[0];
    return group.length === 1
      ? `${group[0].run} failed: ${message}`
      : `${group.length} runs failed: ${message} (${list(group.map(({ run }) => run))})`;
  });
  const untold = failed - failures.length;
  if (sentences.length === 1 && untold <= 0)
    return failures.length === 1
      ? [`${failures[0].run}${runs > 1 ? `, one of ${runs} runs,` : ''} failed: ${failures[0].message}`]
      : [
          `${failed === runs ? `all ${runs}` : `${failed} of ${runs}`} runs failed: ${failures[0].message} (${list(failures.map(({ run }) => run))})`,
        ];
  return [...sentences, ...(untold > 0 ? [`${untold} more ${plural(untold, 'run')} failed, ${failed} of ${runs} in all`] : [])];
}

function ordered(failures: readonly RunFailure[]): RunFailure[] {
  const [consequences, causes] = [
    failures.filter(({ kind }) => kind === 'canceled'),
    failures.filter(({ kind }) => kind !== 'canceled'),
  ];
  return [...causes, ...consequences];
}

function doneWords({ runs, generations, steps }: ExperimentResult): string {
  return `${counted(runs, 'run')} to generation ${generations}, ${counted(steps.computed, 'step')} computed, ${steps.reused.toLocaleString('en')} reused`;
}

/** What started an experiment, as a command to type; `…` stands for a file that is not known. */
export function commandOf(command: readonly string[] | undefined, ...more: readonly string[]): string {
  const start = command ? shellCommand(['habsburg', ...command]) : 'habsburg run …';
  return more.length > 0 ? `${start} ${shellCommand(more)}` : start;
}
