/** Settings that change from a generation on: what a file may say, and what is refused by place. */
import { describe, expect, test } from '@jest/globals';
import { planDigest } from '../../spec/digest.js';
import { expand } from '../../spec/expand.js';
import { membersAt, stagesOf } from '../../spec/phases.js';
import { SMALL, load, problems } from './support.js';

const phased = (...phases: string[]): string => `${SMALL}    phases:\n${phases.map((phase) => `      - ${phase}\n`).join('')}`;

test('a phase has the settings before it with its own merged into them, and the next has both', async () => {
  const { plan } = await load(
    phased(
      '{ from: 2, override: { opt: { training: { epochs: 5 }, sample: 40 } } }',
      '{ from: 4, mixture: { kind: keep-share, share: 0.25 }, override: { opt: { training: { batch: 2 } } } }',
    ),
  );
  const [condition] = plan.conditions;
  const [run] = expand(plan);
  expect(run.kind === undefined && run.phases).toEqual(condition.phases);
  const at = (t: number) => {
    const [{ mixture, training, sample, generation0 }] = membersAt(condition, t);
    return { mixture, epochs: training.epochs, batch: training.batch, sample, first: generation0.epochs };
  };
  const start = { mixture: { kind: 'replace' }, epochs: 2, batch: 4, sample: undefined, first: 2 };
  expect([0, 1].map(at)).toEqual([start, start]);
  const second = { ...start, epochs: 5, sample: { size: 40, growth: 0 } };
  expect([2, 3].map(at)).toEqual([second, second]);
  const third = { ...second, mixture: { kind: 'keep-share', share: 0.25 }, batch: 2 };
  expect([4, 99].map(at)).toEqual([third, third]);
  expect(stagesOf(condition).map(({ from, to }) => [from, to])).toEqual([[0, 1], [2, 3], [4, Infinity]]); // prettier-ignore
});

test('what a plan without phases is called does not know of them; with them it is another', async () => {
  const [without, { plan }] = [(await load(SMALL)).plan, await load(phased('{ from: 2, mixture: { kind: accumulate } }'))];
  expect(without.conditions[0]).not.toHaveProperty('phases');
  expect(expand(without)[0]).not.toHaveProperty('phases');
  expect(planDigest(plan)).not.toBe(planDigest(without));
});

test('a phase may be shorter of breath than the model: positions are those that generation 0 was made with', async () => {
  const { plan } = await load(phased('{ from: 1, override: { opt: { decoding: { maxNewTokens: 4, minNewTokens: 4 } } } }'));
  const [{ members, phases }] = plan.conditions;
  expect(phases![0].members[0].base).toEqual(members[0].base);
  expect(phases![0].members[0].decoding.maxNewTokens).toBe(4);
});

describe('refused by place, with what to do', () => {
  test.each<[string, string[], string]>([
    ['a phase without a change', ['{ from: 2 }'], 'e.yaml:18:9: conditions.0.phases.0: changes nothing; give it mixture or override, or remove it'],
    ['a change of nothing', ['{ from: 2, override: { opt: {} } }'], 'e.yaml:18:9: conditions.0.phases.0: changes nothing; give it mixture or override, or remove it'],
    ['generation 0', ['{ from: 0, mixture: { kind: accumulate } }'], 'e.yaml:18:17: conditions.0.phases.0.from: must be at least 1, but is 0'],
    ['no order', ['{ from: 3, mixture: { kind: accumulate } }', '{ from: 3, mixture: { kind: replace } }'], 'e.yaml:19:17: conditions.0.phases.1.from: the phase before begins at generation 3 already; put phases in the order of their generations'],
    ['another base', ['{ from: 2, override: { opt: { base: hf://a/b@main } } }'], "e.yaml:18:39: conditions.0.phases.0.override.opt.base: a phase cannot change a member's base; remove it, or make it a condition of its own"],
    ['another tokenizer', ['{ from: 2, override: { opt: { tokenizer: { kind: bpe, vocabulary: 400 } } } }'], "e.yaml:18:39: conditions.0.phases.0.override.opt.tokenizer: a phase cannot change a member's tokenizer; remove it, or make it a condition of its own"],
    ['another family', ['{ from: 2, override: { opt: { family: vae } } }'], "e.yaml:18:39: conditions.0.phases.0.override.opt.family: a phase cannot change a member's family; remove it"],
    ['generation 0 in a phase', ['{ from: 2, override: { opt: { generation0: { epochs: 1 } } } }'], 'e.yaml:18:39: conditions.0.phases.0.override.opt.generation0: has no effect, because a phase begins after generation 0; remove it'],
    ['a member that is not there', ['{ from: 2, override: { otp: { start: base } } }'], 'e.yaml:18:32: conditions.0.phases.0.override.otp: there is no member "otp"; did you mean "opt"?'],
    ['a setting that is not there', ['{ from: 2, override: { opt: { training: { epohcs: 3 } } } }'], 'e.yaml:18:51: conditions.0.phases.0.override.opt.training.epohcs: unknown key "epohcs"; did you mean "epochs"?'],
    ['a word of the future', ['{ from: 2, mixture: { kind: cross } }'], 'e.yaml:18:37: conditions.0.phases.0.mixture.kind: "cross" is not implemented yet; one of: replace, keep-share, accumulate, accumulate-subsample, fresh, fixed-real, weights'],
    ['what does not go with settings before', ['{ from: 2, override: { opt: { decoding: { temperature: 0.5 } } } }'], 'e.yaml:18:51: conditions.0.phases.0.override.opt.decoding.temperature: "temperature" has no effect with strategy: greedy; use strategy: sample or beam-sample, or remove it'],
    ['texts that do not fit into the model', ['{ from: 2, override: { opt: { decoding: { maxNewTokens: 40 } } } }'], 'e.yaml:18:37: conditions.0.phases.0.override.opt: a prompt of 16 tokens and 40 new ones do not fit into 32 positions; give the member base.architecture.positions: 56'],
    ['new real records where none are left', ['{ from: 2, mixture: { kind: fresh, share: 0.5 }, override: { opt: { sample: 10 } } }'], 'e.yaml:18:37: conditions.0.phases.0.mixture.kind: fresh takes in real records that no generation has seen, and without a sample generation 0 trains on all of them; give the member sample: N, with N below the number of training records'],
    ['a circle', ['{ from: 2, override: { opt: { mixture: [{ from: opt, generation: current }] } } }'], 'e.yaml:18:74: conditions.0.phases.0.override.opt.mixture.0.generation: opt cannot train on what it will write; use generation: previous'],
  ])('%s', async (_what, phases, expected) => {
    expect(await problems(phased(...phases))).toEqual([expected]);
  }); // prettier-ignore

  test.each([
    ['what is true', '{ from: 3, override: { normal: { sigma: 2 } } }', "35: conditions.0.phases.0.override.normal.sigma: a phase cannot change a member's sigma; remove it, or make it a condition of its own"], // prettier-ignore
    ['how much of it', '{ from: 3, override: { normal: { sample: 20 } } }', "35: conditions.0.phases.0.override.normal.sample: a phase cannot change a member's sample; remove it, or make it a condition of its own"], // prettier-ignore
    ['what a chain does not keep', '{ from: 3, mixture: [{ from: self, generation: 0 }] }', '35: conditions.0.phases.0.mixture: cheap models keep their last two models and no records, so generation: 0 is gone by then; use previous, current, all, or -2 with draw: fresh'], // prettier-ignore
  ])('of a cheap model, %s', async (_, phase, told) => {
    const cheap = `schemaVersion: 1
name: cheap
seeds: [1]
generations: 9
population: [{ name: normal, family: gaussian, sample: 10 }]
conditions:
  - name: replace
    mixture: { kind: replace }
    phases: [${phase}]
`;
    expect(await problems(cheap)).toEqual([expect.stringContaining(told.replace(/^\d+: /, ''))]);
  });

  test('a mixture that no member would use', async () => {
    const own = phased('{ from: 2, mixture: { kind: accumulate } }')
      .replace('    prompts:', '    mixture: { kind: replace }\n    prompts:')
      .replace('    mixture: { kind: replace }\n    phases', '    phases');
    expect(await problems(own)).toEqual([
      'e.yaml:18:20: conditions.0.phases.0.mixture: has no effect, because every member has a mixture of its own; write override: {MEMBER: {mixture: …}}',
    ]);
  });

  test('what is wrong with a phase is not told of the next one', async () => {
    const hot = '{ from: 2, override: { opt: { decoding: { temperature: 2 } } } }';
    expect(await problems(phased(hot, '{ from: 3, override: { opt: { training: { batch: 2 } } } }'))).toEqual([
      'e.yaml:18:51: conditions.0.phases.0.override.opt.decoding.temperature: "temperature" has no effect with strategy: greedy; use strategy: sample or beam-sample, or remove it',
    ]);
  });

  test('what is wrong with the condition is told once', async () => {
    const wrong = phased('{ from: 2, override: { opt: { training: { batch: 2 } } } }').replace('{ strategy: greedy }', '{ strategy: greedy, temperature: 2 }'); // prettier-ignore
    expect(await problems(wrong)).toEqual([
      'e.yaml:12:35: population.0.decoding.temperature: "temperature" has no effect with strategy: greedy; use strategy: sample or beam-sample, or remove it',
    ]);
  });
});
