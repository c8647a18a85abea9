/** What an engine can be asked for, as data: what it cannot do is refused by name before anything is computed. */
import { HabsburgError } from '../common/errors.js';
import type { Job } from '../kinds/host/types.js';
import type { Device } from '../engine/devices.js';

export interface Capabilities {
  readonly devices: readonly Device[];
  /** language models and others, by family */
  readonly fit: Abilities;
  readonly generate: Abilities;
  /** by observation */
  readonly observe: Abilities;
  /** whole chains, by family */
  readonly simulate: Abilities;
}

/** all: whatever this release has a name for */
export type Abilities = 'all' | Readonly<Record<string, Ability>>;

/** Limits of something that an engine can do; none: everything that can be said of it. */
export interface Ability {
  /** config.json's model_type */
  readonly architectures?: readonly string[];
  /** settings of training or decoding that it obeys: all values, or these; others are refused */
  readonly settings?: Readonly<Record<string, 'any' | readonly Value[]>>;
}

type Value = string | number | boolean;

/** What is asked for, in a sentence. */
const DOING = {
  fit: 'fit models of the family',
  generate: 'generate from models of the family',
  observe: 'make the observation',
  simulate: 'simulate chains of the family',
} as const;

/** What of a job decides whether an engine can do it. */
export interface Asked {
  readonly op: Job['op'];
  /** a family, or an observation */
  readonly name: string;
  /** where it is known yet */
  readonly architecture?: string;
  /** those that are off are absent, null or false */
  readonly settings?: object;
}

export function askedBy(job: Job): Asked {
  switch (job.op) {
    case 'fit': {
      const { start, training, family } = job;
      return { op: 'fit', name: family, settings: training, ...('model' in start ? {} : architectureIn(start.scratch)) };
    }
    case 'generate':
      return { op: 'generate', name: job.family, settings: job.decoding };
    case 'observe':
      return { op: 'observe', name: job.observation, settings: job.settings };
    case 'simulate':
      return { op: 'simulate', name: job.family };
  }
}

/** Of fresh weights: the architecture that they are of, where there are several. */
export function architectureIn(base: object): Pick<Asked, 'architecture'> {
  const { config } = base as { readonly config?: { readonly model_type?: unknown } };
  return typeof config?.model_type === 'string' ? { architecture: config.model_type } : {};
}

/** Why an engine cannot do it, in one sentence; undefined: it can. @param engine its id */
export function refusal(engine: string, can: Capabilities, asked: Asked): string | undefined {
  const { op, name, architecture, settings = {} } = asked;
  const known = can[op];
  if (known === 'all') return undefined;
  if (!Object.hasOwn(known, name)) return `the engine ${engine} cannot ${DOING[op]} ${name}; ${has(Object.keys(known))}`;
  const ability = known[name];
  if (architecture !== undefined && ability.architectures?.includes(architecture) === false)
    return `the engine ${engine} knows no architecture ${architecture}; ${has(ability.architectures)}`;
  for (const [setting, value] of Object.entries(settings) as [string, unknown][]) {
    if (ability.settings === undefined || value === undefined || value === null || value === false) continue;
    const allowed = Object.hasOwn(ability.settings, setting) ? ability.settings[setting] : [];
    if (allowed === 'any' || allowed.includes(value as Value)) continue;
    return allowed.length === 0
      ? `the engine ${engine} does not do ${setting}; leave it out, or use another engine`
      : `the engine ${engine} does ${setting} as ${allowed.join(', ')} only, not ${JSON.stringify(value)}`;
  }
  return undefined;
}

/** Why it cannot compute on a device; undefined: it can. */
export function deviceRefusal(engine: string, { devices }: Pick<Capabilities, 'devices'>, device: Device): string | undefined {
  return devices.includes(device)
    ? undefined
    : `the engine ${engine} does not compute on ${device}; it has ${devices.join(', ')}`;
}

/** @throws HabsburgError 'invalid' with the reason why an engine cannot do a job */
export function checkJob(engine: string, can: Capabilities, job: Job): void {
  const reason = refusal(engine, can, askedBy(job));
  if (reason !== undefined) throw new HabsburgError('invalid', reason);
}

const has = (names: readonly string[]): string =>
  names.length === 0 ? 'it has nothing of the kind' : `it has ${names.join(', ')}`;
