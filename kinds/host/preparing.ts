/** How a kind reads its real data before anything is trained: what of them makes the step's key, and the splits as datasets. */
import type { SourceOrigin } from '../../data/source.js';
import type { SourceDigests } from '../../spec/sources.js';

/** A dataset that was written. */
export interface PreparedSet {
  readonly kind: 'dataset';
  readonly folder: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Real data that have been opened. */
export interface OpenedData {
  /** what determines the splits: digests of what the files hold, not where they are; plain JSON */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** the files that were read, by role; none where the data are made */
  readonly origins: Readonly<Record<string, SourceOrigin>>;
  /** writes `train`, `valid` and `test`; @param folder makes a fresh one for an output */
  write(folder: (name: string) => Promise<string>): Promise<{
    readonly outputs: Readonly<Record<'train' | 'valid' | 'test', PreparedSet>>;
    readonly report: Readonly<Record<string, number>>;
  }>;
}

/** @typeParam D the plan's words for the data */
export interface Preparing<D> {
  /** raised when the same data would give other datasets */
  readonly version: number;
  /** @param sources what local files held when the experiment was started: one that has changed is refused */
  open(data: D, sources: SourceDigests | undefined): Promise<OpenedData>;
}
