// Bundles the compiled workflow code once, so that no worker does it at every start: node infra/bundle-workflows.mjs
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { bundleWorkflows } from './workflow-bundle.mjs';

const dist = join(repositoryRoot(), 'dist');
const code = await bundleWorkflows(join(dist, 'workflows'));
// renamed into place: a worker may start at any moment
writeFileSync(join(dist, '.workflow-bundle.cjs'), code);
renameSync(join(dist, '.workflow-bundle.cjs'), join(dist, 'workflow-bundle.cjs'));
