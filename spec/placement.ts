/** Where a member's steps are computed. Pure; workflows use it. */
import { DEFAULT_ENGINE, ENGINE_IDS, type EngineId } from '../engines/registry.js';
import type { Device } from '../engine/devices.js';
import { stepPart } from './members.js';
import { stagesOf } from './phases.js';
import type { ExecutionPlan, ExperimentPlan, StepMember } from './plan.js';

export interface Placement {
  /** task queue of its finetune, generate and score */
  readonly queue: string;
  /** absent: what the worker is set to */
  readonly device?: Device;
}

/** @param member absent: of what belongs to no member */
export function placementOf({ queues, device, engine }: ExecutionPlan, member?: Pick<StepMember, 'execution'>): Placement {
  const own = member?.execution;
  const on = own?.device ?? device;
  return { queue: engineQueue(own?.queue ?? queues.engine, engine), ...(on === undefined ? {} : { device: on }) };
}

/** Each engine has task queues of its own, so that it gets no other's steps. */
export function engineQueue(queue: string, engine: EngineId = DEFAULT_ENGINE): string {
  return engine === DEFAULT_ENGINE ? queue : `${queue}/${engine}`;
}

/** The engine whose steps are on a task queue; undefined: there is none of that name. */
export function engineOf(queue: string): EngineId | undefined {
  const slash = queue.lastIndexOf('/');
  return slash < 0 ? DEFAULT_ENGINE : ENGINE_IDS.find((id) => id !== DEFAULT_ENGINE && id === queue.slice(slash + 1));
}

/** What a placement is told from others by. */
export const placementKey = ({ queue, device }: Placement): string => (device === undefined ? queue : `${queue} ${device}`);

/** The placements of a plan, each once, the experiment's own first. */
export function placementsOf({ execution, conditions }: Pick<ExperimentPlan, 'execution' | 'conditions'>): Placement[] {
  const members = conditions.flatMap((condition) => stagesOf(stepPart(condition)).flatMap((stage) => stage.members));
  const all = [placementOf(execution), ...members.map((member) => placementOf(execution, member))];
  return [...new Map(all.map((placement) => [placementKey(placement), placement])).values()];
}
