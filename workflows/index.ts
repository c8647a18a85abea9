/** What the workflow bundle exports. */
export { evaluate } from './evaluate.js';
export { experiment } from './experiment.js';
export { run } from './run.js';
export { score } from './score.js';
