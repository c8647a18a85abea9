// `npm start`: set-up, then the quickstart experiment on an embedded development environment. Arguments go to `habsburg run`.
import { requireNode } from '../infra/node-version.mjs';

requireNode();
import('./checkout.mjs').then(({ main }) =>
  main(async ({ setUp, runInForeground, root }) => {
    await setUp({ tools: process.env.TEMPORAL_ADDRESS ? [] : ['temporal'] });
    const args = ['bin/habsburg.js', 'run', 'quickstart', '--dev', ...process.argv.slice(2)];
    return runInForeground(process.execPath, args, { cwd: root });
  }),
);
