import { describe, expect, test } from '@jest/globals';
import { optConfig } from '../../kinds/text/architectures.js';
import { describeCondition } from '../../report/describe-phases.js';
import { planDigest } from '../../spec/digest.js';
import { parseYaml } from '../../spec/document.js';
import { expandSteps } from '../../spec/expand.js';
import { usualMetricNamesOf } from '../../spec/metrics.js';
import { outline } from '../../workflows/outline.js';
import { load, problems, SMALL } from './support.js';

describe('what a file leaves out', () => {
  test('is filled in with documented defaults', async () => {
    const { plan } = await load(SMALL);
    expect(plan.data.text).toEqual({
      train: 'grammar:zipf',
      valid: 'grammar:zipf',
      test: 'grammar:zipf',
      grammar: { vocabulary: 600, zipf: 1.1, sentences: { train: 4000, valid: 500, test: 500 }, seed: 1 },
      block: 16,
      packing: 'bos-line',
      limit: {},
    });
    expect(plan.population[0]).toEqual({
      name: 'opt',
      family: 'language-model',
      tokenizer: { kind: 'bpe', vocabulary: 300 },
      base: { kind: 'scratch', config: optConfig({ hidden: 16, layers: 1, heads: 2, ffn: 64, positions: 32 }) },
      start: 'previous',
      generation0: plan.population[0].training,
      training: {
        epochs: 2,
        batch: 4,
        accumulation: 1,
        learningRate: 1e-3,
        schedule: 'linear',
        minLearningRate: 0,
        scheduleUnit: 'step',
        warmup: 0,
        weightDecay: 0.01,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        clip: 1,
        dropout: 0,
        select: 'best',
      },
      decoding: {
        strategy: 'greedy',
        maxNewTokens: 16,
        minNewTokens: 16,
        batch: 64,
      },
      prompts: 'original',
    });
    expect(plan.conditions[0].members[0].mixture).toEqual({ kind: 'replace' });
    expect(plan.execution).toEqual({
      checkpointSeconds: 30,
      heartbeatSeconds: 20,
      queues: { cpu: 'habsburg-cpu', engine: 'habsburg-cpu' },
    });
    expect(plan.metrics.map((m) => m.name)).toContain('tail-lost');
  });

  test('splits of a Hub data set, and no truth metrics on real text', async () => {
    const { plan } = await load(
      SMALL.replace(
        'train: grammar:zipf',
        'train: hf://Salesforce/wikitext/wikitext-2-raw-v1@main, test: "hf://a/one-configuration@refs/pr/1#held-out"',
      ),
    );
    expect(plan.data.text).toMatchObject({
      train: 'hf://Salesforce/wikitext/wikitext-2-raw-v1@main#train',
      valid: 'hf://Salesforce/wikitext/wikitext-2-raw-v1@main#validation',
      test: 'hf://a/one-configuration@refs/pr/1#held-out',
    });
    expect(plan.data.text.grammar).toBeUndefined();
    const withTruth = ['tail-lost', 'kl-to-truth'];
    expect(plan.metrics.map((m) => m.name)).toEqual(usualMetricNamesOf('texts').filter((name) => !withTruth.includes(name)));
  });

  test('a checkpoint brings its tokenizer', async () => {
    const { plan } = await load(SMALL.replace(/base: .*/, 'base: hf://facebook/opt-125m@main').replace(/tokenizer:.*\n/, ''));
    expect(plan.population[0].tokenizer).toEqual({ kind: 'base' });
    expect(plan.population[0].base).toEqual({ kind: 'checkpoint', source: 'hf://facebook/opt-125m@main' });
  });

  test('positions hold the longest prompt and its continuation', async () => {
    const positions = async (sets: string[]): Promise<number> => {
      const { base } = (await load(SMALL, { sets })).plan.population[0];
      return base.kind === 'scratch' ? Number(base.config.max_position_embeddings) : NaN;
    };
    expect(await positions(['population.0.decoding.maxNewTokens=24'])).toBe(16 + 24);
    expect(await positions(['population.0.decoding.maxNewTokens=24', 'population.0.prompts=previous'])).toBe(24 + 24);
  });

  test('generation 0 inherits training, default by default', async () => {
    const { plan } = await load(
      SMALL.replace('start:', 'generation0: { epochs: 9 }\n    start:').replace(
        'learningRate: 1e-3',
        'learningRate: 1e-3, clip: 0, select: last',
      ),
    );
    expect(plan.population[0].generation0).toEqual({ ...plan.population[0].training, epochs: 9 });
    expect(plan.population[0].generation0).toMatchObject({ clip: 0, select: 'last' });
  });
});

describe('overrides', () => {
  test('merge deeply, leave other conditions alone, and reach generation 0 through inheritance', async () => {
    const { plan } = await load(
      `${SMALL}  - name: longer\n    mixture: { kind: replace }\n    override: { opt: { training: { epochs: 5 }, decoding: { strategy: sample, topK: 3 } } }\n`,
    );
    const [plain, longer] = plan.conditions.map((c) => c.members[0]);
    expect(plain).toEqual({ ...plan.population[0], mixture: { kind: 'replace' } });
    expect(longer.training).toEqual({ ...plain.training, epochs: 5 });
    expect(longer.generation0.epochs).toBe(5);
    expect(longer.decoding).toEqual({ ...plain.decoding, strategy: 'sample', topK: 3 });
  });

  describe('null', () => {
    const HOT = SMALL.replace('{ strategy: greedy }', '{ strategy: sample, topK: 5, temperature: 2 }');
    const cold = (override: string) =>
      `${HOT}  - name: cold\n    mixture: { kind: keep-share, share: 0.25 }\n    override: { opt: ${override} }\n`;
    const plain = async () => (await load(SMALL)).plan.population[0];

    test('removes a setting that the member has, as if it were not said', async () => {
      const { plan } = await load(cold('{ decoding: { strategy: greedy, topK: null, temperature: null } }'));
      expect(plan.conditions[1].members[0]).toEqual({ ...(await plain()), mixture: { kind: 'keep-share', share: 0.25 } });
      const set = await load(cold('{ decoding: { strategy: greedy, topK: null } }'), { sets: ['conditions.cold.override.opt.decoding.temperature=null'] }); // prettier-ignore
      expect(set.plan).toEqual(plan);
    });

    test('of a mixture leaves the condition’s', async () => {
      const own = cold('{ mixture: null }').replace(
        '    prompts: original',
        '    mixture: { kind: accumulate }\n    prompts: original',
      );
      const { plan } = await load(own.replace('    mixture: { kind: replace }\n', ''));
      expect(plan.conditions.map(({ members: [{ mixture }] }) => mixture)).toEqual([{ kind: 'accumulate' }, { kind: 'keep-share', share: 0.25 }]); // prettier-ignore
    });

    test('in a phase removes what the condition said, and a later phase says it anew', async () => {
      const phases =
        '    phases:\n      - { from: 1, override: { opt: { decoding: { topK: null } } } }\n      - { from: 2, override: { opt: { decoding: { topK: 9 } } } }\n';
      const { plan } = await load(`${cold('{ decoding: { topK: 7 } }')}${phases}`);
      const [, { members, phases: later }] = plan.conditions;
      const topK = ([{ decoding }]: typeof members) => (decoding as { topK?: number }).topK;
      expect([topK(members), ...later!.map((phase) => topK(phase.members))]).toEqual([7, undefined, 9]);
    });

    test('stays a value where the setting has one of that kind', async () => {
      const lora = SMALL.replace('learningRate: 1e-3', 'learningRate: 1e-3, patience: 3');
      const { plan } = await load(lora.replace('    mixture: { kind: replace }\n', '    mixture: { kind: replace }\n    override: { opt: { generation0: { patience: null } } }\n')); // prettier-ignore
      const [{ training, generation0 }] = plan.conditions[0].members;
      expect([training.patience, generation0.patience]).toEqual([3, null]);
    });

    test.each([
      [
        '{ decoding: { topP: null } }',
        '19:36: conditions.1.override.opt.decoding.topP: removes nothing, because the member does not say it; leave it out',
      ],
      [
        '{ guidance: null }',
        '19:24: conditions.1.override.opt.guidance: removes nothing, because the member does not say it; leave it out',
      ],
      [
        '{ mixture: null }',
        '19:24: conditions.1.override.opt.mixture: removes nothing, because the member does not say it; leave it out',
      ],
      [
        '{ base: null }',
        '19:24: conditions.1.override.opt.base: cannot be removed, because a member needs it; give it another value, or leave it out',
      ],
      [
        '{ decoding: { strategy: null } }',
        '19:36: conditions.1.override.opt.decoding.strategy: cannot be removed, because a member needs it; give it another value, or leave it out',
      ],
      ['null', '19:22: conditions.1.override.opt: must be a mapping (key: value), but is nothing'],
    ])('%s is refused where it makes no sense', async (override, sentence) => {
      expect(await problems(cold(override))).toEqual([`e.yaml:${sentence}`]);
    });
  });

  test('anchors and merge keys work, and errors point at the text that they come from', () => {
    const yaml = parseYaml('a: &x { one: 1, two: 2 }\nb: { <<: *x, two: 3 }\nc: *x\n');
    expect(yaml.data).toEqual({ a: { one: 1, two: 2 }, b: { one: 1, two: 3 }, c: { one: 1, two: 2 } });
    expect(yaml.locate(['b', 'one'])).toEqual({ line: 1, column: 14 });
    expect(yaml.locate(['b', 'two'])).toEqual({ line: 2, column: 19 });
    expect(yaml.locate(['c', 'two'])).toEqual({ line: 1, column: 22 });
    expect(yaml.locate(['b', 'none', 'deeper'])).toEqual({ line: 2, column: 4 });
  });
});

describe('runs', () => {
  const three =
    `${SMALL}  - { name: keep-10, mixture: { kind: keep-share, share: 0.1 } }\n  - { name: hot, mixture: { kind: replace }, override: { opt: { decoding: { strategy: sample, temperature: 2 } } } }\n`.replace(
      'seeds: [1]',
      'seeds: [4, 9]',
    );

  test('conditions x seeds, with ids and the condition’s own members', async () => {
    const { plan } = await load(three);
    const runs = expandSteps(plan);
    expect(runs.map((r) => r.id)).toEqual([
      'replace/seed-4',
      'replace/seed-9',
      'keep-10/seed-4',
      'keep-10/seed-9',
      'hot/seed-4',
      'hot/seed-9',
    ]);
    expect(runs[4].members[0].decoding).toMatchObject({ temperature: 2 });
    expect(runs[2]).toMatchObject({ experiment: 'small', seed: 4, generations: 2 });
    expect(runs[2].members[0].mixture).toEqual({ kind: 'keep-share', share: 0.1 });
  });

  test('a share of 0 or 1 is the plan of whoever says so in other words', async () => {
    const mixtures = (rule: string) => `{ kind: ${rule}, share: `;
    const conditions = ['keep-share', 'fresh'].flatMap((kind) =>
      [0, 0.5, 1].map((share) => `  - { name: ${kind}-${share * 10}, mixture: ${mixtures(kind)}${share} } }\n`),
    );
    const { plan } = await load(
      `${SMALL}${conditions.join('')}`.replace('prompts: original', 'prompts: original\n    sample: 4'),
    );
    const real = { from: 'real', generation: 0, take: { share: 1 } };
    expect(plan.conditions.map(({ members }) => members[0].mixture)).toEqual([
      { kind: 'replace' },
      { kind: 'replace' },
      { kind: 'keep-share', share: 0.5 },
      { kind: 'terms', terms: [{ ...real, draw: 'redrawn' }] },
      { kind: 'replace' },
      { kind: 'fresh', share: 0.5 },
      { kind: 'terms', terms: [{ ...real, draw: 'fresh' }] },
    ]);
  });

  test('a condition may have fewer seeds, which are no part of the digest', async () => {
    const fewer = three.replace('share: 0.1 } }', 'share: 0.1 }, seeds: [9, 12] }');
    const { plan } = await load(fewer);
    expect(expandSteps(plan).map((r) => r.id)).toEqual([
      'replace/seed-4',
      'replace/seed-9',
      'keep-10/seed-9',
      'hot/seed-4',
      'hot/seed-9',
    ]);
    expect(planDigest(plan)).toBe(planDigest((await load(three)).plan));
    expect(expandSteps((await load(fewer, { sets: ['seeds=9,4'] })).plan).map((r) => r.id)[2]).toBe('keep-10/seed-9');
    expect(describeCondition(plan.conditions[1])).toMatch(/; seeds 9, 12 alone$/);
    expect(await problems(fewer.replace('[9, 12]', '[12]'))).toEqual([
      expect.stringMatching(/conditions\.1\.seeds: none of its seeds is one of the experiment’s; add them to seeds/),
    ]);
    expect(await problems(fewer.replace('[9, 12]', '[9, 9]'))).toEqual([expect.stringMatching(/conditions\.1\.seeds\.1: /)]);
  });

  test('the outline counts steps and finds those that runs have in common', async () => {
    const { plan } = await load(three, { sets: ['data.limit={train: 10, valid: 2, test: 3}'] });
    const { runs, totals } = outline(plan);
    expect(totals).toMatchObject({ runs: 6, steps: 6 * 11 + 1 });
    const shared = runs.map((run) => run.steps.filter((s) => s.sameAs !== undefined).map((s) => `${s.id} = ${s.sameAs}`));
    const same = (run: string, step: string): string => `${run}/g0/opt/${step} = replace/${run.split('/')[1]}/g0/opt/${step}`;
    const all = ['finetune', 'generate', 'score'];
    // another seed shares nothing; other decoding shares only generation 0's model
    const seeds = [4, 9];
    expect(shared).toEqual([
      ...seeds.map(() => []),
      ...seeds.map((seed) => all.map((s) => same(`keep-10/seed-${seed}`, s))),
      ...seeds.map((seed) => [same(`hot/seed-${seed}`, 'finetune')]),
    ]);
    expect(totals.computed).toBe(totals.steps - 8);
    // 16-token blocks: 10 blocks x 2 epochs a finetune, 9 - 2 distinct finetunes a seed
    expect(totals.trainTokens).toBe(2 * 7 * 10 * 2 * 16);
    expect(totals.writeTokens).toBe(2 * 8 * 10 * 16);
    expect(totals.scoreTokens).toBe(2 * 8 * (10 + 3) * 16);
  });

  test('every step comes after what it reads', async () => {
    for (const start of ['base', 'generation-0', 'previous']) {
      const { plan } = await load(three, { sets: [`population.0.start=${start}`, 'population.0.prompts=previous'] });
      for (const run of outline(plan).runs) {
        const seen = new Set(['prepare']);
        for (const step of run.steps) {
          for (const id of step.after) expect(seen).toContain(id);
          seen.add(step.id);
        }
        const model2 = run.steps.find((s) => s.generation === 2 && s.step === 'finetune')!;
        expect(model2.after.filter((id) => id.endsWith('/finetune'))).toEqual(
          start === 'base' ? [] : [`${run.run}/g${start === 'previous' ? 1 : 0}/opt/finetune`],
        );
      }
    }
  });
});

test('a quantised base is frozen: it needs LoRA in every generation', async () => {
  const quantized = SMALL.replace('{ kind: bpe, vocabulary: 300 }', '{ kind: base }').replace(
    '{ kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }',
    '{ kind: checkpoint, source: hf://a/b@main, quantize: 8bit }',
  );
  const lora = 'lora: { rank: 4, alpha: 8, targets: [q_proj] }, recompute: true';
  const good = quantized.replace('learningRate: 1e-3', `learningRate: 1e-3, ${lora}`);
  const [member] = (await load(good)).plan.population;
  expect(member.base).toEqual({ kind: 'checkpoint', source: 'hf://a/b@main', quantize: '8bit' });
  expect([member.training.recompute, member.generation0.recompute]).toEqual([true, true]);
  expect(await problems(quantized)).toEqual([
    'e.yaml:9:64: population.0.base.quantize: the weights of a quantised base are frozen, and this trains all weights; give training.lora',
  ]);
  expect(await problems(good.replace('    decoding', '    generation0: { lora: null }\n    decoding'))).toEqual([
    'e.yaml:12:26: population.0.generation0.lora: the weights of a quantised base are frozen, and this trains all weights; give generation0.lora',
  ]);
  expect(await problems(good.replace('8bit', '3bit'))).toHaveLength(1);
});
