/** The decoding strategies by name. Adding one is one file here plus a row. */
import type { DecodingPlan } from '../../../spec/plan.js';
import type { Strategy, StrategyOptions } from '../types.js';
import { beam } from './beam.js';
import { beamSample } from './beam-sample.js';
import { greedy } from './greedy.js';
import { sample } from './sample.js';

export const STRATEGIES: Readonly<Record<DecodingPlan['strategy'], (options: StrategyOptions) => Strategy>> = {
  greedy,
  sample,
  beam,
  'beam-sample': beamSample,
};
