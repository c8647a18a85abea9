// Activities that compute nothing and answer at once, in the shapes of the real ones: for workflows on a real server.
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';

const digest = (...of) => `sha256:${createHash('sha256').update(JSON.stringify(of)).digest('hex')}`;
const ref = (kind, ...of) => ({ kind, digest: digest(kind, ...of), size: 1 });
const NONE = { computed: 0, reused: 0 };

/**
 * @param {(step: string, generation: number, seed: number) => unknown} before awaited by each step; what it throws, the step throws
 * @param {() => boolean} cached whether a step says that it was done before
 * @returns {Record<string, (input: any) => Promise<any>>}
 */
export function standIns(before = () => undefined, cached = () => false) {
  const step =
    (name, outputs, more = {}) =>
    async (input) => {
      const { member, generation, seed } = input.place;
      await before(name, generation, seed);
      const left = outputs({ member, generation, seed });
      return { key: digest(name, input), cached: cached(), outputs: left, report: {}, ...more };
    };
  return {
    chooseEngine: async () => 'stand-in',
    recordPlan: async ({ plan }) => digest(plan.name),
    recordMetrics: async () => undefined,
    record: async () => undefined,
    prepare: step('prepare', () => ({
      train: ref('dataset', 'train'),
      valid: ref('dataset', 'valid'),
      test: ref('dataset', 'test'),
      tokenizer: ref('tokenizer', 'tokenizer'),
    })),
    view: step('view', (place) => ({ view: ref('selection', 'view', place) })),
    postprocess: step('postprocess', (place) => ({ kept: ref('selection', 'kept', place) })),
    sample: step('sample', (place) => ({ train: ref('selection', 'train', place) })),
    finetune: step('finetune', (place) => ({ model: ref('model', place) })),
    generate: step('generate', (place) => ({ generated: ref('dataset', 'generated', place) })),
    score: step('score', (place) => ({ scores: ref('scores', place) }), {
      failures: [],
      metrics: digest('metrics'),
      tables: {},
      counts: { observations: NONE, evaluations: NONE },
    }),
    simulate: step('simulate', (place) => ({ state: ref('state', place), series: ref('series', place) })),
  };
}

/** What a step throws that will never come right. */
export const forGood = (message) => ApplicationFailure.create({ type: 'habsburg.failed', message, nonRetryable: true });
