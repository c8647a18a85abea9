/** One document of a store, checked. */
import type { z } from 'zod';
import type { ArtifactStore } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';

/** Undefined where there is none. @throws HabsburgError `verification` where it is not what the schema says */
export async function read<S extends z.ZodType>(store: ArtifactStore, name: string, schema: S): Promise<z.infer<S> | undefined> {
  const value = await store.readName<unknown>(name);
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw damaged(store, name, `it is not a document this version reads${at}: ${issue.message}`);
}

export function damaged(store: ArtifactStore, name: string, what: string): HabsburgError {
  return new HabsburgError(
    'verification',
    `${name} in ${store.objects.url} is damaged or of another version: ${what}; run the experiment again, which writes it anew (finished steps are reused)`,
  );
}

/** Code-unit order, the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
