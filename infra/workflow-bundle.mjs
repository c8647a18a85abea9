// The workflow code as one file for Temporal's sandbox.
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.error, error: console.error };

/**
 * Bundles workflow code with its interceptors.
 * @param {string} folder of the index file, which exports the workflows
 * @param {'js' | 'ts'} extension of the files: compiled ones or their sources
 * @returns {Promise<string>}
 */
export async function bundleWorkflows(folder, extension = 'js') {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(folder, `index.${extension}`),
    workflowInterceptorModules: ['door', 'undecodable'].map((name) => join(folder, `${name}.${extension}`)),
    logger: quiet,
  });
  return code;
}
