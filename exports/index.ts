/** Every format, in the order in which they are listed. An addition is one file, one test and a row. */
import { croissant } from './croissant.js';
import { cyclonedx } from './cyclonedx.js';
import { huggingFace } from './hugging-face.js';
import { inToto } from './in-toto.js';
import { oms } from './oms.js';
import { openlineage } from './openlineage.js';
import { rocrate } from './rocrate.js';
import type { ExportFormat } from './types.js';

export const formats: readonly ExportFormat[] = [oms, inToto, croissant, rocrate, huggingFace, openlineage, cyclonedx];
