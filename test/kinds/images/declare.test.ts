/** The grammar of VAEs: defaults, inheritance, overrides, and what is refused with its place and what to do. */
import { describe, expect, test } from '@jest/globals';
import { OPTIMIZER_SETTINGS } from '../../../engine/train/optimizers/index.js';
import type { VaePlan } from '../../../kinds/images/plan.js';
import type { ExperimentPlan } from '../../../spec/plan.js';
import { load, problems } from '../../spec/support.js';

const SMALL = `schemaVersion: 1
name: small
seeds: [1, 2]
generations: 2
data: { train: file:/images.gz }
population:
  - name: vae
    family: vae
    base: { kind: scratch, architecture: { kind: conv, latent: 4, channels: [4, 8] } }
    training: { epochs: 2, batch: 4, learningRate: 1e-3 }
conditions:
  - name: replace
    mixture: { kind: replace }
`;
const edit = async (from: string | RegExp, to: string): Promise<string[]> => {
  const edited = SMALL.replace(from, to);
  expect(edited).not.toBe(SMALL);
  return problems(edited);
};
const planOf = async (yaml: string) => {
  const plan = (await load(yaml)).plan as ExperimentPlan;
  const conditions = plan.conditions.map(({ members }) => ({ members: members as readonly VaePlan[] }));
  return { ...plan, data: plan.data.images!, member: plan.population[0] as VaePlan, conditions };
};

describe('a plan', () => {
  test('has the defaults of the paper: every metric of images, a tenth held out twice, the last weights', async () => {
    const { data, member, metrics } = await planOf(SMALL);
    expect(data).toEqual({ train: 'file:/images.gz', heldOut: { valid: 0.1, test: 0.1 }, limit: {} });
    expect(metrics.map(({ name }) => name)).toEqual(['latent-std', 'latent-mean', 'latent-covariance', 'elbo']);
    expect('tokenizer' in member).toBe(false);
    expect(member).toMatchObject({ start: 'base', decoding: { pixels: 'mean', batch: 250 } });
    expect(member.training).toMatchObject({ schedule: 'constant', weightDecay: 0, clip: 0, beta: 1, select: 'last' });
    expect(member.generation0).toEqual(member.training);
  });

  test('holds nothing out where a file is given', async () => {
    const { data } = await planOf(SMALL.replace('images.gz', 'images.gz, test: file:/t.gz, heldOut: { valid: 0.2 }'));
    expect(data.heldOut).toEqual({ valid: 0.2, test: 0 });
  });

  test('lets generation 0 and conditions differ', async () => {
    const { member, conditions } = await planOf(
      SMALL.replace('    training:', '    generation0: { epochs: 9 }\n    training:').replace(
        '{ kind: replace }',
        '{ kind: keep-share, share: 0.1 }\n    override: { vae: { training: { beta: 4 }, base: { architecture: { kind: dense, latent: 2, hidden: [9] } } } }',
      ),
    );
    expect(member.generation0).toEqual({ ...member.training, epochs: 9 });
    const [{ members }] = conditions;
    expect(members[0].training).toEqual({ ...member.training, beta: 4 });
    expect(members[0].base).toEqual({ kind: 'scratch', architecture: { kind: 'dense', latent: 2, hidden: [9] } });
  });
});

describe('refused by place, with what to do', () => {
  test.each<[string, string | RegExp, string, string[]]>([
    [
      'text in place of images',
      'file:/images.gz',
      'grammar:zipf',
      ['e.yaml:5:16: data.train: "grammar:zipf" must be file:PATH of an IDX file of images, perhaps compressed by gzip'],
    ],
    [
      'settings of language models',
      'learningRate: 1e-3 }',
      'learningRate: 1e-3, dropout: 0.1 }',
      [
        `e.yaml:10:58: population.0.training.dropout: unknown key "dropout"; known here: epochs, maxSteps, learningRate, schedule, minLearningRate, scheduleUnit, warmup, batch, optimizer, ${OPTIMIZER_SETTINGS.join(', ')}, clip, beta, select`,
      ],
    ],
    [
      'metrics of texts',
      /$/,
      'metrics: [perplexity]\n',
      ['e.yaml:14:11: metrics.0: unknown value "perplexity"; one of: latent-std, latent-mean, latent-covariance, elbo'],
    ],
    [
      'a tokenizer',
      'population:',
      'tokenizer: { kind: base }\npopulation:',
      ['e.yaml:6:1: tokenizer: no member reads text through a tokenizer; remove it'],
    ],
    [
      'a share beside a file',
      'images.gz }',
      'images.gz, valid: file:/v.gz, heldOut: { valid: 0.1 } }',
      ['e.yaml:5:63: data.heldOut.valid: "valid" has no effect, because data.valid is a file; remove one of the two'],
    ],
    [
      'shares that leave nothing',
      'images.gz }',
      'images.gz, heldOut: { valid: 0.5, test: 0.5 } }',
      ['e.yaml:5:42: data.heldOut: holds out 100 % of the images, so that none are left to train on; use smaller shares'],
    ],
    [
      'widths of the other kind',
      'channels: [4, 8]',
      'hidden: [4, 8]',
      [
        'e.yaml:9:42: population.0.base.architecture.channels: is required; add it: a list',
        'e.yaml:9:67: population.0.base.architecture.hidden: unknown key "hidden"; known here: kind, latent, channels',
      ],
    ],
    [
      'a schedule that cannot be',
      'learningRate: 1e-3 }',
      'learningRate: 1e-3, minLearningRate: 1e-4 }',
      ['e.yaml:10:75: population.0.training.minLearningRate: has no effect with schedule: constant; remove it'],
    ],
    [
      'operators behind the writing',
      'family: vae',
      'family: vae\n    postprocess: [dedupe]',
      ['e.yaml:9:5: population.0.postprocess: operators read texts; images have none, and cheap models keep counts and moments instead; remove it'], // prettier-ignore
    ],
    [
      'operators under a condition',
      '{ kind: replace }',
      '{ kind: replace }\n    override: { vae: { postprocess: [dedupe] } }',
      ['e.yaml:14:24: conditions.0.override.vae.postprocess: operators read texts; images have none, and cheap models keep counts and moments instead; remove it'], // prettier-ignore
    ],
    [
      'operators from a generation on',
      '{ kind: replace }',
      '{ kind: replace }\n    phases: [{ from: 1, override: { vae: { postprocess: [dedupe] } } }]',
      ['e.yaml:14:44: conditions.0.phases.0.override.vae.postprocess: operators read texts; images have none, and cheap models keep counts and moments instead; remove it'], // prettier-ignore
    ],
    [
      'operators in a term',
      '{ kind: replace }',
      '[{ from: self, through: [dedupe] }]',
      ['e.yaml:13:29: conditions.0.mixture.0.through: operators read texts, and images have none; remove it'],
    ],
    [
      'images of the Hub',
      '{ kind: replace }',
      '[{ from: hf://a/b@main }]',
      ['e.yaml:13:23: conditions.0.mixture.0.from: images are read from files alone; write file:PATH of an IDX file of images'],
    ],
    [
      'other images that nobody has seen',
      '{ kind: replace }',
      '[{ from: self }, { from: file:o.gz, take: { share: 1 }, draw: fresh }]',
      [
        'e.yaml:13:76: conditions.0.mixture.1.draw: what no generation has trained on is known of data.train alone; use draw: redrawn, or make it data.train',
      ],
    ],
    [
      'an override that is wrong',
      '{ kind: replace }',
      '{ kind: replace }\n    override: { vae: { training: { beta: -1 } } }',
      ['e.yaml:14:42: conditions.0.override.vae.training.beta: must be at least 0, but is -1'],
    ],
  ])('%s', async (_, from, to, expected) => {
    expect(await edit(from, to)).toEqual(expected);
  });

  test('a family that is misspelt names all', async () => {
    expect(await edit('family: vae', 'family: vea')).toContain(
      'e.yaml:8:13: population.0.family: unknown value "vea"; did you mean "vae"?',
    );
  });
});
