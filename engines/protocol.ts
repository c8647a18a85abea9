/**
 * The engines' protocol: newline-delimited JSON over stdio, version 2. The first thing that a program says is `hello`: who it is, what it
 * can do, and for each of its devices the fingerprint that goes into keys. Who wanted to know no more closes its input, and it ends. Else
 * it gets one job and the acknowledgement of its checkpoints; it says events and ends with `result` or `error`.
 */
import { z } from 'zod';
import { ExitCode, type ErrorKind } from '../common/errors.js';
import { DEVICES, type Device } from '../engine/devices.js';
import type { Job, JobReport, Progress } from '../kinds/host/types.js';
import type { Capabilities } from './capabilities.js';

export const PROTOCOL_VERSION = 2;

/** Who a program is. */
export interface Hello {
  /** by which the registry knows it */
  readonly id: string;
  /** of each of its devices, what its arithmetic depends on beside its inputs: equal ones give equal bits */
  readonly fingerprints: Readonly<Partial<Record<Device, string>>>;
  readonly can: Capabilities;
  /** of a device that it was asked about (ASKED_DEVICE) and that is not there: a sentence for a user, what this machine lacks */
  readonly lacks?: Readonly<Partial<Record<Device, string>>>;
}

/** In the environment of a program that is only to say who it is: a device of which it is to find out whether this machine has it. */
export const ASKED_DEVICE = 'HABSBURG_ASKED_DEVICE';

/** Worker to program, one JSON object a line. */
export type HostRequest =
  | {
      readonly type: 'job';
      readonly job: Job;
      readonly threads: number;
      /** default: cpu */
      readonly device?: Device;
      readonly checkpointSeconds: number;
      readonly scratch: string;
    }
  | { readonly type: 'checkpoint-saved'; readonly id: number }
  | { readonly type: 'checkpoint-failed'; readonly id: number; readonly message: string };

/** Program to worker. */
export type HostEvent =
  | ({ readonly type: 'hello'; readonly version: number; readonly pid: number } & Hello)
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
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const report = z.record(z.string(), z.union([scalar, z.null()]));
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
const ability = z.strictObject({
  architectures: z.array(z.string()).optional(),
  settings: z.record(z.string(), z.union([z.literal('any'), z.array(scalar)])).optional(),
});
const abilities = z.union([z.literal('all'), z.record(z.string(), ability)]);
const name = z.string().min(1).max(500);

const hostEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    version: z.literal(PROTOCOL_VERSION),
    pid: z.number(),
    id: name,
    fingerprints: z.partialRecord(z.enum(DEVICES), name),
    lacks: z.partialRecord(z.enum(DEVICES), name).optional(),
    // a limit that we do not know must not be read as none
    can: z.strictObject({
      devices: z.array(z.enum(DEVICES)),
      fit: abilities,
      generate: abilities,
      observe: abilities,
      simulate: abilities,
    }),
  }),
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

export type Heard = HostEvent | { readonly type: 'malformed'; readonly said: string; readonly version?: number };

/** An event of the program, or what is wrong with the line: another one may be at the other end, or a library that prints. */
export function parseHostEvent(line: string): Heard {
  const said = line.slice(0, 200);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { type: 'malformed', said };
  }
  const parsed = hostEvent.safeParse(value);
  if (parsed.success) return parsed.data as HostEvent;
  const { type, version } = (value ?? {}) as { readonly type?: unknown; readonly version?: unknown };
  return { type: 'malformed', said, ...(type === 'hello' && typeof version === 'number' && { version }) };
}
