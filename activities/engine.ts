/**
 * Which engine computes an experiment. A step's key names the engine's fingerprint, so where workers of several share a queue, the
 * digests of a run would depend on who happened to ask for work. So an experiment asks once, its steps say which engine they are for,
 * and another one hands them back.
 */
import { activityInfo } from '@temporalio/activity';
import { z } from 'zod';
import type { ArtifactStore } from '../artifacts/types.js';
import { hexOf } from '../artifacts/keys.js';
import { digestOf, type Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import type { Device } from '../engine/devices.js';
import { toFailure } from './failures.js';
import type { Activities, ActivityDependencies, StepPlace } from './types.js';

const SCHEMA = 'habsburg.engine/v1';
const engineDocument = z.object({ schema: z.literal(SCHEMA), engine: z.string().min(1) });

/** The name of the document that says which engine computed a plan, or the members of a placement of their own. */
export const engineName = (plan: Digest, own?: { readonly queue: string; readonly device?: Device }): string =>
  `engines/${hexOf(plan)}${own ? `-${hexOf(digestOf(own)).slice(0, 12)}` : ''}`;

export function engineActivity(deps: ActivityDependencies): Activities['chooseEngine'] {
  return async ({ store: url, plan, device, queue }) => {
    try {
      const own = deps.engineFingerprint(device ?? deps.device);
      const living = device === undefined ? await deps.livingEngines() : [];
      if (plan === undefined) return pickEngine([...living, own]);
      const store = deps.openStore(url);
      const name = engineName(plan, queue === undefined ? undefined : { queue, device });
      const before = await engineBefore(store, name);
      const engine = pickEngine([...living, own], before);
      if (engine !== before) await store.writeName(name, { schema: SCHEMA, engine });
      return engine;
    } catch (error) {
      throw toFailure(error, 'choosing the engine', activityInfo().attempt);
    }
  };
}

/** The engine that computed the plan before, where one of it lives; else the first by name, which is the same whoever is asked. */
export function pickEngine(living: readonly string[], before?: string): string {
  return before !== undefined && living.includes(before) ? before : [...living].sort()[0];
}

async function engineBefore(store: ArtifactStore, name: string): Promise<string | undefined> {
  try {
    return (await store.readName(name, engineDocument))?.engine;
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'verification') return undefined; // written anew
    throw error;
  }
}

/** The step belongs to another engine than this worker's: a worker that has it will come for it. */
export class OtherEngine extends Error {
  override readonly name = 'OtherEngine';
}

/** So many refusals before it is asked whether a worker with that engine lives at all. */
const PATIENCE = 5;

/**
 * Hands a step back that is for another engine.
 * @throws OtherEngine to be tried again, 'unreachable' where no worker with that engine is there any more
 */
export async function checkEngine(deps: ActivityDependencies, place: StepPlace, own: string, attempt: number): Promise<void> {
  const { engine } = place;
  if (engine === undefined || engine === own) return;
  if (attempt < PATIENCE || (place.device ?? deps.device) !== deps.device || (await deps.livingEngines()).includes(engine))
    throw new OtherEngine(`this step is for the engine ${engine}, and this worker has ${own}`);
  throw new HabsburgError(
    'invalid',
    `this experiment is computed by the engine ${engine}, and no worker has it any more (this one has ${own}); start a worker on such a machine and of that release, or run the experiment again: it is then computed by what is there`,
  );
}
