/** What the workflow bundle exports. */
export { experiment } from './experiment.js';
export { run } from './run.js';
