/** Whether a pool can hold what terms ask of it, as far as a file says how much there is: told before anything runs. */
import { REAL, SELF, allot, setsOf, sizeAt, sourcesOf, termsOf, type Reader } from './mixture.js';
import type { Path, Problem } from './problems.js';

/** A member under a condition that has the same settings in all of its generations. */
export interface SizedReader extends Reader {
  /** where its mixture stands */
  readonly at: Path;
  /** records of data.train at most; absent: not known before they are counted */
  readonly most?: number;
  /** operators may leave a text several times */
  readonly postprocess?: unknown;
  readonly decoding?: { readonly numReturnSequences?: number };
}

/** @param last generation of the condition */
export function checkPoolSize(reader: SizedReader, last: number): Problem[] {
  const { most, sample, mixture } = reader;
  if (most === undefined) return [];
  const problems: Problem[] = [];
  const terms = termsOf(mixture);
  const at = (i: number, key: string): Path => (mixture.kind === 'terms' ? [...reader.at, i, key] : [...reader.at, 'kind']);
  if (last > 0)
    terms.forEach((one, i) => {
      if (one.take === 'all' || !('count' in one.take) || one.generation === 'all' || one.draw === 'fresh' || one.through) return;
      const [source] = sourcesOf(one);
      // whoever has a sample writes as many as its readers ask for
      const there = source === REAL ? (sample?.size ?? most) : source === SELF && sample === undefined && !reader.postprocess ? most * (reader.decoding?.numReturnSequences ?? 1) : Infinity; // prettier-ignore
      if (one.take.count > there)
        problems.push({ path: at(i, 'take'), message: `asks for ${one.take.count} records of a set that has ${there} at most`, suggestion: `lower the count, or raise ${source === REAL && sample ? 'sample' : 'data.limit.train'}` }); // prettier-ignore
    });
  if (sample === undefined || terms.some(({ take }) => typeof take === 'object' && 'weight' in take)) return problems;
  const fresh = terms.findIndex(({ draw }) => draw === 'fresh');
  let needed = sizeAt(sample, 0);
  for (let t = 1; t <= last && fresh >= 0; t++) {
    const counts = allot(terms, sizeAt(sample, t), () => 0);
    terms.forEach((one, i) => {
      if (setsOf(one, reader.name, t).some(({ kind }) => kind === 'unseen')) needed += counts[i] as number;
    });
  }
  if (needed <= most) return problems;
  const what = fresh < 0 ? `generation 0 takes ${needed} real records` : `generations 0 to ${last} take ${needed} real records, none of them twice`; // prettier-ignore
  problems.push({ path: fresh < 0 ? reader.at : at(fresh, 'draw'), message: `${what}, and data.train has ${most} at most`, suggestion: 'lower the member’s sample, or raise data.limit.train' }); // prettier-ignore
  return problems;
}
