/** Steps that prepare four pictures each, in a store that is a folder. */
import { join } from 'node:path';
import { prepareActivity } from '../../activities/prepare.js';
import type { ActivityDependencies, PrepareInput, StepResult } from '../../activities/types.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { sha256 } from '../../common/canonical.js';
import { writeIdxImages } from '../../data/idx.js';
import { asActivity } from '../support/activity.js';
import { signer } from '../support/signer.js';

let made = 0;

/** Four pictures of one pixel, the last of which is `shade`. */
export async function prepare(root: string, store: ArtifactStore, shade: number): Promise<StepResult> {
  const images = join(root, `images-${made++}`);
  await writeIdxImages(images, { count: 4, height: 1, width: 1, pixels: Uint8Array.of(1, 2, 3, shade) });
  const code = { version: '0', digest: sha256('code') };
  const deps = { openStore: () => store, code, signer, scratch: join(root, 'scratch') } as unknown as ActivityDependencies;
  const input = {
    kind: 'images',
    place: { store: '', seed: 0, generation: 0, member: '', checkpointSeconds: 60 },
    data: { train: `file:${images}`, heldOut: { valid: 0.25, test: 0.25 }, limit: {} },
  };
  return asActivity(() => prepareActivity(deps)(input as unknown as PrepareInput), 1);
}
