// Bundles the compiled workflow code once, so that no worker does it at every start: node infra/bundle-workflows.mjs
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { repositoryRoot } from './paths.mjs';

const dist = join(repositoryRoot(), 'dist');
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.error, error: console.error };
const { code } = await bundleWorkflowCode({
  workflowsPath: join(dist, 'workflows', 'index.js'),
  workflowInterceptorModules: ['door.js', 'undecodable.js'].map((file) => join(dist, 'workflows', file)),
  logger: quiet,
});
// renamed into place: a worker may start at any moment
writeFileSync(join(dist, '.workflow-bundle.cjs'), code);
renameSync(join(dist, '.workflow-bundle.cjs'), join(dist, 'workflow-bundle.cjs'));
