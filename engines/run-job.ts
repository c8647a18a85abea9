/** A job as seen by who asks for it. */
import type { Job, JobReport, Progress } from '../kinds/host/types.js';
import type { Device } from '../engine/devices.js';

/** What a running job may ask of the activity that started it. */
export interface JobHooks {
  readonly signal: AbortSignal;
  readonly checkpointSeconds: number;
  /** default: cpu */
  readonly device?: Device;
  /** fingerprint of the engine that the step's key names; another one is refused. Absent: any */
  readonly engine?: string;
  /** a folder of the step's own, removed afterwards */
  readonly scratch: string;
  /** the engine is alive and works */
  alive(): void;
  progress(progress: Progress): void;
  /** stores a checkpoint folder; the job waits */
  checkpoint(folder: string): Promise<void>;
}

/** Runs one job of a family somewhere that can be killed. */
export type RunJob = (job: Job, hooks: JobHooks) => Promise<JobReport>;

/** The engine process went away without an answer (killed, out of memory, crashed): another attempt may succeed. */
export class EngineDied extends Error {
  override readonly name = 'EngineDied';
}
