// `npm test`: set-up, then Jest. Arguments go to Jest; the last line says how many tests passed and failed.
import { requireNode } from '../infra/node-version.mjs';

requireNode();
import('./checkout.mjs').then(({ main }) =>
  main(async ({ setUp, runJest }) => {
    await setUp({ tools: ['temporal', 'versitygw'] });
    return runJest(process.argv.slice(2));
  }),
);
