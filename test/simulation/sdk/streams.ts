/** Stands in for node:fs. */
import { mounted } from './files.js';

export * from 'node:fs';

export async function* createReadStream(path: string): AsyncIterable<Buffer> {
  await mounted().turn();
  yield mounted().read(path);
}
