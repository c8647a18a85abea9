/**
 * The engine host's protocol: newline-delimited JSON over stdio, version 1. The worker sends one job and acknowledges checkpoints;
 * the host sends events and ends with `result` or `error`. Another engine (PyTorch on a GPU) is another program that speaks this.
 */
import { z } from 'zod';
import { ExitCode, type ErrorKind } from '../common/errors.js';
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

/** The words for what goes wrong; one that is none of ours is a failure like any other. */
const errorKind = z
  .string()
  .refine((kind): kind is ErrorKind => Object.hasOwn(ExitCode, kind) && !['ok', 'interrupted', 'terminated'].includes(kind))
  .catch('failed' as ErrorKind);
const report = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const progress = z.object({
  phase: z.string(),
  done: z.number(),
  total: z.number(),
  unit: z.enum(['step', 'record']),
  epoch: z.number().optional(),
  loss: z.number().optional(),
  tokensPerSecond: z.number().optional(),
  imagesPerSecond: z.number().optional(),
});

const hostEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.literal(PROTOCOL_VERSION), pid: z.number(), engine: z.string() }),
  z.object({ type: z.literal('tick'), cpuSeconds: z.number(), rssBytes: z.number() }),
  z.object({ type: z.literal('progress'), progress }),
  z.object({ type: z.literal('checkpoint'), id: z.number(), folder: z.string() }),
  z.object({ type: z.literal('result'), report }),
  z.object({
    type: z.literal('error'),
    kind: errorKind,
    message: z.string().min(1).catch('the engine gave no reason'),
    stack: z.string().optional().catch(undefined),
  }),
]);

/** An event of the host, or what is wrong with the line: another program may be at the other end, or a library that prints. */
export function parseHostEvent(line: string): HostEvent | { readonly type: 'malformed'; readonly said: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { type: 'malformed', said: line.slice(0, 200) };
  }
  const parsed = hostEvent.safeParse(value);
  return parsed.success ? (parsed.data as HostEvent) : { type: 'malformed', said: line.slice(0, 200) };
}
