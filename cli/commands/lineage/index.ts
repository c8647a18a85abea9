/** `habsburg lineage`: from any artifact back to what it was made of, and whether that is so. Needs a store alone. */
import type { CommandModule } from '../../command.js';
import { registerCheck } from './check.js';
import { registerDiff } from './diff.js';
import { registerExport } from './export.js';
import { registerFind } from './find.js';
import { registerImpact } from './impact.js';
import { registerLog } from './log.js';
import { registerProve } from './prove.js';
import { registerShare } from './share.js';
import { registerShow } from './show.js';
import { registerVerify } from './verify.js';
import { registerWhy } from './why.js';

export const lineage: CommandModule = {
  register(program) {
    const command = program
      .command('lineage')
      .description(
        'what an artifact was made of, by whom, and whether that is so: show, why, diff, verify, find, share, impact, prove, check, export, log',
      );
    for (const register of [
      registerShow,
      registerWhy,
      registerDiff,
      registerVerify,
      registerFind,
      registerShare,
      registerImpact,
      registerProve,
      registerCheck,
      registerExport,
      registerLog,
    ])
      register(command);
  },
};
