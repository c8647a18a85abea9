/** The first images that a model wrote: no number, but what a reader wants to see. */
import { NONE } from './settings.js';
import type { Evaluation } from './types.js';

export const pictures: Evaluation = {
  name: 'pictures',
  variant: 'first-records',
  version: 1,
  summary: 'The first images that model t wrote.',
  of: 'images',
  group: 'other',
  needs: { records: ['generated'] },
  settings: NONE,
  subject: 'generated',
  compute: () => [],
  examples: (input) => (input.pictures === undefined ? {} : { pictures: input.pictures }),
};
