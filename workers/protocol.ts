/**
 * The engine host's protocol: newline-delimited JSON over stdio, version 1. The worker sends one job and acknowledges checkpoints;
 * the host sends events and ends with `result` or `error`. Another engine (PyTorch on a GPU) is another program that speaks this.
 */
import type { ErrorKind } from '../common/errors.js';
import type { Device } from '../spec/devices.js';
import type { Job, JobReport, Progress } from '../families/types.js';

export const PROTOCOL_VERSION = 1;

/** Worker to host, one JSON object a line. */
export type HostRequest =
  | {
      readonly type: 'job';
      readonly version: typeof PROTOCOL_VERSION;
      readonly job: Job;
      readonly threads: number;
      /** default: cpu */
      readonly device?: Device;
      readonly checkpointSeconds: number;
      readonly scratch: string;
    }
  | { readonly type: 'checkpoint-saved'; readonly id: number }
  | { readonly type: 'checkpoint-failed'; readonly id: number; readonly message: string };

/** Host to worker, one JSON object a line. */
export type HostEvent =
  | { readonly type: 'hello'; readonly version: typeof PROTOCOL_VERSION; readonly pid: number; readonly engine: string }
  /** twice a second, also while the engine sits in one long native call; CPU time tells work from hanging */
  | { readonly type: 'tick'; readonly cpuSeconds: number; readonly rssBytes: number }
  | { readonly type: 'progress'; readonly progress: Progress }
  /** a folder is ready to be stored; the job waits for the answer */
  | { readonly type: 'checkpoint'; readonly id: number; readonly folder: string }
  | { readonly type: 'result'; readonly report: JobReport }
  | { readonly type: 'error'; readonly kind: ErrorKind; readonly message: string; readonly stack?: string };
