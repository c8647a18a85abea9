/** Shapes that more than one document of a store has, for reading them back with distrust. */
import { z } from 'zod';
import { isDigest, type Digest } from '../common/canonical.js';
import { checkFilePath } from './keys.js';
import { KIND } from './manifest.js';
import type { ArtifactFile, ArtifactRef } from './types.js';

export const digest = z.custom<Digest>(isDigest, 'is no sha256: with 64 lower-case hex digits');
const size = z.number().int().nonnegative();

export const artifactRef: z.ZodType<ArtifactRef> = z.object({
  kind: z.string().regex(KIND),
  digest,
  size,
});

const harmlessPath = z.custom<string>((path) => {
  try {
    checkFilePath(path, '');
    return true;
  } catch {
    return false;
  }
}, 'leads outside its folder');

export const artifactFile: z.ZodType<ArtifactFile> = z.object({ path: harmlessPath, digest, size });
