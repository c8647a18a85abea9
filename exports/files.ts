/** Files of an export, and how they get into a folder. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { again } from '../artifacts/again.js';
import { intoFolder } from '../artifacts/folders.js';
import type { StatedArtifact } from '../artifacts/in-toto.js';
import { blobKey } from '../artifacts/keys.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { getKept } from '../artifacts/trash.js';
import { download } from '../artifacts/verified.js';
import { HabsburgError } from '../common/errors.js';
import type { ExportFile } from './types.js';

/** An artifact's files in a folder of the export; '' is the export's own. */
export function filesUnder(folder: string, { files }: Pick<StatedArtifact, 'files'>): ExportFile[] {
  return files.map(({ path, digest }) => ({ path: folder === '' ? path : `${folder}/${path}`, blob: digest }));
}

/** For eyes, too: two spaces, keys in the order in which they were written. */
export const jsonFile = (path: string, value: unknown): ExportFile => ({
  path,
  bytes: Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`),
});

/**
 * Writes an export whole or not at all; every byte of the store is hashed on the way.
 * @throws 'invalid' where `folder` is there and not empty; 'verification' and 'notFound' for what the store has not whole
 */
export async function writeExport(
  { objects }: Pick<ArtifactStore, 'objects'>,
  files: readonly ExportFile[],
  folder: string,
  { progress, signal }: { progress?(bytes: number): void; readonly signal?: AbortSignal } = {},
): Promise<void> {
  // before anything large is written
  if ((await readdir(folder).catch(() => [])).length > 0)
    throw new HabsburgError('invalid', `${folder} is not empty; name another folder or empty it`);
  let bytes = 0;
  await intoFolder(folder, async (temporary) => {
    for (const file of files) {
      signal?.throwIfAborted();
      const target = join(temporary, file.path);
      await mkdir(dirname(target), { recursive: true });
      if ('bytes' in file) {
        await writeFile(target, file.bytes, { flag: 'wx' });
        continue;
      }
      const key = blobKey(file.blob);
      const from = `reading ${file.path} (${key}) from ${objects.url}`;
      await again(from, async () => {
        await rm(target, { force: true }); // of an earlier look
        const found = await download((await getKept(objects, key)) as AsyncIterable<Uint8Array>, target, from);
        if (found.digest !== file.blob)
          throw new HabsburgError('verification', `${from}: its bytes have the hash ${found.digest}; run its experiment again`);
        progress?.((bytes += found.size));
      });
    }
  });
}
