/** The decoding strategies by name. Adding one is one file here plus a row. */
import type { StrategyName } from '../decoding.js';
import type { Strategy, StrategyOptions } from '../types.js';
import { beam } from './beam.js';
import { beamSample } from './beam-sample.js';
import { greedy } from './greedy.js';
import { sample } from './sample.js';

export const STRATEGIES: Readonly<Record<StrategyName, (options: StrategyOptions) => Strategy>> = {
  greedy,
  sample,
  beam,
  'beam-sample': beamSample,
};
