/** The worlds that are simulated. */
import { experiments } from './experiments.js';
import { folders } from './folders.js';
import type { Scenario } from './schedule.js';
import { steps } from './steps.js';

export { shrink } from './shrink.js';

export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [experiments, steps, folders].map((one) => [one.name, one]),
);
