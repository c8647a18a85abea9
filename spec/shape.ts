/** Reads the keys that a zod schema knows at a path, so that suggestions come from the schema itself. */
import type { z } from 'zod';
import type { Path } from './problems.js';

type Def = {
  type: string;
  innerType?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  discriminator?: string;
  values?: unknown[];
};

const def = (schema: z.ZodType): Def => schema.def as unknown as Def;

/** Whether null is a value that the setting at `path` may have. */
export function takesNull(schema: z.ZodType, root: unknown, path: Path): boolean {
  const [holder, key] = [path.slice(0, -1), path[path.length - 1]];
  return schemasAt(schema, root, holder).some((one) => child(one, key).some((setting) => setting.safeParse(null).success));
}

/** Keys of the object that `schema` (the root's) knows at `path`; of a union by `kind`, those of the branch that `root` chose. */
export function keysAt(schema: z.ZodType, root: unknown, path: Path): string[] {
  return [...new Set(schemasAt(schema, root, path).flatMap((s) => Object.keys(def(s).shape ?? {})))];
}

function schemasAt(schema: z.ZodType, root: unknown, path: Path): z.ZodType[] {
  let schemas = [schema];
  let value = root;
  schemas = schemas.flatMap((s) => open(s, value));
  for (const step of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined;
    schemas = schemas.flatMap((s) => child(s, step)).flatMap((s) => open(s, value));
  }
  return schemas;
}

/** Without defaults and optionality; a union as its branches. */
function open(schema: z.ZodType, value: unknown): z.ZodType[] {
  const d = def(schema);
  if (d.innerType !== undefined) return open(d.innerType, value);
  if (d.options === undefined) return [schema];
  const branches = d.options.flatMap((option) => open(option, value));
  const tag = d.discriminator === undefined ? undefined : (value as Record<string, unknown> | undefined)?.[d.discriminator];
  const chosen = branches.filter(
    (branch) => d.discriminator !== undefined && def(def(branch).shape![d.discriminator]).values?.includes(tag),
  );
  return chosen.length > 0 ? chosen : branches;
}

function child(schema: z.ZodType, step: string | number): z.ZodType[] {
  const d = def(schema);
  const next = d.shape?.[String(step)] ?? d.element ?? d.valueType;
  return next === undefined ? [] : [next];
}
