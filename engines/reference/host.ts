/**
 * The reference engine, as a program: float64 and plain loops, slow and obvious, for tiny models. Other engines are held against it. What it
 * computes depends on JavaScript's arithmetic alone, whose exp, log, cos and tanh are V8's own and not the processor's.
 */
import { serveJobs } from '../serve.js';
import { reference } from './capabilities.js';

/** Raised whenever a change may change a result's bits. */
const VERSION = 1;
const v8 = process.versions.v8.split('.').slice(0, 2).join('.');

const fingerprints = { cpu: `habsburg-reference/${VERSION} v8/${v8}` };
serveJobs({ id: 'reference', fingerprints, can: reference }, new URL('./thread.js', import.meta.url));
