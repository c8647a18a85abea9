/**
 * encoder: a sentence encoder that metrics name, brought into the store. Output `encoder`, a model. Keyed by what its files hold, so it is
 * found again where nobody knows any more in which folder it lay.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { originOfCheckpoint, resolveEncoder, type ResolvedCheckpoint } from '../data/checkpoint-source.js';
import { assertUnchanged, checkpointDigests } from '../data/identify.js';
import type { SourceClaim } from '../spec/source-claims.js';
import { digestIn } from '../spec/sources.js';
import { claimed } from './sources.js';
import { runStep } from './step.js';
import type { ActivityDependencies, StepPlace, StepResult } from './types.js';

const VERSION = 1;

/**
 * @param name as metrics' settings have it
 * @param known.source where it lies; absent: it has to be in the store
 * @param known.claims what the experiment's file says of it
 */
export function importEncoder(
  deps: ActivityDependencies,
  place: StepPlace,
  name: string,
  { source, claims }: { readonly source?: string; readonly claims?: readonly SourceClaim[] },
): Promise<StepResult> {
  let found: { readonly resolved: ResolvedCheckpoint; readonly files: Readonly<Record<string, Digest>> } | undefined;
  let origins = {};
  return runStep(
    deps,
    {
      step: 'encoder',
      version: VERSION,
      place: ofNobody(place),
      inputs: {},
      parameters: async () => {
        const known = digestIn(name);
        if (source === undefined) return { files: known };
        const resolved = await resolveEncoder(source);
        const files = await checkpointDigests(resolved);
        if (known !== undefined) assertUnchanged({ [source]: known }, source, digestOf(files));
        found = { resolved, files };
        origins = { encoder: await originOfCheckpoint(source, resolved, files) };
        return { files: digestOf(files) };
      },
      sources: () => claimed(origins, claims),
      engine: false,
    },
    async (step) => {
      if (!found)
        throw new HabsburgError(
          'invalid',
          `the sentence encoder ${name} is not in the store, and where it lies is not known here; name its folder: habsburg score EXPERIMENT --encoder file:FOLDER`,
        );
      const folder = await step.folder('encoder');
      for (const file of Object.keys(found.files)) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await copyFile(join(found.resolved.folder, file), join(folder, file));
      }
      return { outputs: { encoder: { kind: 'model', folder } }, report: {} };
    },
  );
}

/** Of a step whose result is the same whoever asks, in whatever generation. */
export function ofNobody(place: StepPlace): StepPlace {
  return { ...place, seed: 0, generation: 0, member: '' };
}
