/** The workflow code that a worker runs, and its build id: the same wherever it is built, another when the code is another. */
import type { WorkflowBundle } from '@temporalio/worker';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { release } from '../common/version.js';
import { bundleWorkflows } from '../infra/workflow-bundle.mjs';

export interface WorkflowCode {
  readonly bundle: WorkflowBundle;
  /** e.g. `0.1.0-1a2b3c4d5e6f`: the release, and what the code hashes to */
  readonly buildId: string;
}

/** The prebuilt bundle (`npm run build` makes it) unless the compiler ran since, else the compiled workflows, bundled now. */
export async function workflowCode(): Promise<WorkflowCode> {
  const pathOf = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));
  const prebuilt = pathOf('workflow-bundle.cjs');
  const madeAt = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  const fresh = existsSync(prebuilt) && madeAt(prebuilt) >= madeAt(pathOf('.tsbuildinfo'));
  const code = fresh ? readFileSync(prebuilt, 'utf8') : await bundleWorkflows(pathOf('workflows'));
  return { bundle: { code }, buildId: buildIdOf(code) };
}

/** Without the source map at the bundle's end, which names folders of the machine that made it. */
export function buildIdOf(code: string): string {
  const alone = code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
  return `${release()}-${createHash('sha256').update(alone).digest('hex').slice(0, 12)}`;
}
