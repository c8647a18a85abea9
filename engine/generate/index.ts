/** Generation: continue prompts with a language model. */
export { generateRows, type GenerateOptions, type GenerateProgress } from './generate.js';
