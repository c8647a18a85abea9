/**
 * Real text as if a model had written it: a member that writes none of its own, so that metrics of written texts say what human text
 * scores. Pure: workflows use it.
 */

/** What a file says: `writes: real-text`, and the reference of this name. */
export const REAL_TEXT = 'real-text';

/** Whether real records stand in place of what a member would have written. */
export const writesRealText = (member: object): boolean =>
  (member as { readonly writes?: { readonly kind: string } }).writes?.kind === REAL_TEXT;
