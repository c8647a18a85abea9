/** The kinds of data and models. One more is a folder beside these and a row; the first that reads some data says what is said of them. */
import { chains } from './chains/declare.js';
import { images } from './images/declare.js';
import { points } from './points/declare.js';
import { text } from './text/declare.js';
import type { Kind } from './types.js';

export const KINDS = [text, images, points, chains] as unknown as readonly Kind<unknown, unknown, unknown>[];

/** The family of a member that names none. */
export const DEFAULT_FAMILY = 'language-model';

/** The kind of a family; undefined of one that nobody knows. */
export function kindOf(family: unknown): (typeof KINDS)[number] | undefined {
  return KINDS.find((kind) => typeof family === 'string' && Object.hasOwn(kind.families, family));
}
