/** Where a file speaks of its texts or its images: in `data`, or where it has several in an entry each. */
import { valueAt, type Path } from './problems.js';

export function placeOfData(document: unknown, real: string): Path {
  return valueAt(document, ['data', real]) === undefined ? ['data'] : ['data', real];
}
