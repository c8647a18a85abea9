/** Stands in for the activity SDK: an activity's context is the attempt whose code runs now. */
import { task, type Task } from '../processes.js';

export * from '@temporalio/activity';

export interface Attempt extends Task {
  readonly info: { readonly attempt: number; readonly activityId: string; readonly workflowNamespace: string; readonly workflowExecution: { readonly workflowId: string; readonly runId: string } }; // prettier-ignore
  readonly control: AbortController;
  heartbeat(details: unknown): void;
}

export const activityInfo = () => task<Attempt>().info;
export const cancellationSignal = () => task<Attempt>().control.signal;
export const heartbeat = (details: unknown) => task<Attempt>().heartbeat(details);
export const log = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
