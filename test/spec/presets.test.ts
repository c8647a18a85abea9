import { optConfig } from '../../kinds/text/architectures.js';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { expand } from '../../spec/expand.js';
import { loadText } from './support.js';
import { loadExperiment } from '../../spec/load.js';
import { presetFile, presetNames, presetsFolder } from '../../spec/presets.js';
import { outline } from '../../workflows/outline.js';
import { experimentJsonSchema } from '../../spec/json-schema.js';

describe('presets', () => {
  test.each(presetNames())('%s is valid, is named like its folder and points editors at the schema', async (name) => {
    const { plan } = await loadExperiment(name);
    expect(plan.name).toBe(name);
    const chains = expand(plan).flatMap((run) => (run.kind === 'chains' ? run.seeds : [run.seed]).map((seed) => `${run.condition} ${seed}`)); // prettier-ignore
    expect(new Set(chains).size).toBe(plan.seeds.length * plan.conditions.length);
    expect(await readFile(presetFile(name)!.replace('experiment.yaml', 'README.md'), 'utf8')).toContain(`habsburg run ${name}`);
    expect(outline(plan).experiment).toBe(name); // every set that a step asks for is there when it asks
    expect(await readFile(presetFile(name)!, 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/\.\.\/schemas\/experiment\.schema\.json\n/,
    );
  });

  test('the three that the documentation names are there', () => {
    expect(presetNames()).toEqual(expect.arrayContaining(['nature-opt125m', 'nature-small', 'quickstart']));
  });

  test.each(presetNames().filter((name) => presetFile(`${name}-small`)))(
    '%s makes the claims of its small form',
    async (name) => {
      const [full, small] = await Promise.all([name, `${name}-small`].map(claimsOf));
      expect(full).toEqual(expect.arrayContaining(small));
    },
  );

  test('all that there are stand in the table of experiments', async () => {
    const table = await readFile(path.join(presetsFolder(), 'README.md'), 'utf8');
    expect([...table.matchAll(/\]\(([^/)]+)\/README\.md\)/g)].map(([, name]) => name).sort()).toEqual(presetNames());
  });

  test('nature-opt125m is the protocol of the paper', async () => {
    const { plan } = await loadText('nature-opt125m');
    expect(plan.seeds).toHaveLength(5);
    expect(plan.generations).toBe(9);
    expect(plan.data.text).toMatchObject({ block: 64, packing: 'bos-line', limit: {} });
    expect(plan.data.text.valid).toBe(`${plan.data.text.train.split('#')[0]}#validation`);
    const [member] = plan.population;
    expect(member.generation0).toEqual(member.training);
    expect(member.training).toMatchObject({
      epochs: 5,
      batch: 128,
      accumulation: 1,
      learningRate: 2e-5,
      schedule: 'cosine',
      scheduleUnit: 'epoch',
      minLearningRate: 1e-6,
      select: 'best',
    });
    expect(member.decoding).toMatchObject({ strategy: 'beam', beams: 5, minNewTokens: 64, maxNewTokens: 64 });
    expect(member.prompts).toBe('original');
    expect(plan.conditions.map((c) => c.members[0].mixture)).toMatchObject([
      { kind: 'replace' },
      { kind: 'keep-share', share: 0.1 },
      { kind: 'replace' }, // zero-shot: OPT-125m as it came
    ]);
    expect(plan.conditions.map((c) => [c.members[0].generation0.epochs, c.members[0].training.epochs])).toEqual([
      [5, 5],
      [10, 10],
      [0, 5],
    ]);
    expect(expand(plan).map(({ generations }) => generations)).toEqual([9, 9, 0].flatMap((last) => plan.seeds.map(() => last)));
  });

  test('nature-small is the protocol of the rehearsal, with the paper’s prompts', async () => {
    const { plan } = await loadText('nature-small');
    expect(plan).toMatchObject({ seeds: [1, 2], generations: 5 });
    expect(plan.data.text).toMatchObject({ block: 64, limit: { train: 3000, valid: 500, test: 1000 } });
    const [member] = plan.population;
    const shared = {
      batch: 32,
      schedule: 'linear',
      warmup: 0.05,
      weightDecay: 0.01,
      clip: 1,
      select: 'best',
      betas: [0.9, 0.999],
      epsilon: 1e-8,
    };
    expect(member.generation0).toMatchObject({ ...shared, epochs: 8, learningRate: 1e-3 });
    expect(member.training).toMatchObject({ ...shared, epochs: 3, learningRate: 3e-4 });
    expect(member).toMatchObject({ start: 'generation-0', prompts: 'original' });
    expect(member.base).toEqual({
      kind: 'scratch',
      config: optConfig({ hidden: 128, layers: 4, heads: 4, ffn: 512, positions: 128 }),
    });
  });
});

/** What a preset claims: name, sentence and kind of statistic; thresholds are those of its size. */
async function claimsOf(name: string): Promise<object[]> {
  const { claims = [] } = parse(await readFile(presetFile(name)!, 'utf8')) as {
    claims?: { id: string; says: string; statistic: { kind: string } }[];
  };
  return claims.map(({ id, says, statistic: { kind } }) => ({ id, says, kind }));
}

test('the JSON schema for editors is fresh (node scripts/schema.mjs writes it)', async () => {
  const stored = JSON.parse(await readFile(new URL('../../schemas/experiment.schema.json', import.meta.url), 'utf8')) as unknown;
  expect(stored).toEqual(JSON.parse(JSON.stringify(experimentJsonSchema())));
});
