/** Several members in one file: what each reads, starts from and trains on, and what does not fit together. */
import { describe, expect, test } from '@jest/globals';
import { modelTypes } from '../../engine/models/index.js';
import { configWords } from '../../kinds/text/architectures.js';
import { memberOrder } from '../../spec/mixture.js';
import { outline } from '../../workflows/outline.js';
import { SMALL, load, problems } from './support.js';

const LLAMA = `  - name: llama
    base: { kind: scratch, config: { model_type: llama, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2 } }
    tokenizer: { kind: bpe, vocabulary: 280 }
    start: base
    training: { epochs: 1, batch: 4, learningRate: 1e-3 }
    decoding: { strategy: sample }
    prompts: original
    mixture: [{ from: real, take: { share: 0.5 } }, { from: opt, generation: current, take: { share: 0.5 } }]
`;
const TWO = SMALL.replace('conditions:', `${LLAMA}conditions:`);
const edit = (from: string | RegExp, to: string) => problems(TWO.replace(from, to));

describe('two members', () => {
  test('have a base, a tokenizer and a mixture each', async () => {
    const { plan } = await load(TWO);
    const [opt, llama] = plan.conditions[0].members;
    expect([opt.tokenizer, llama.tokenizer]).toEqual([
      { kind: 'bpe', vocabulary: 300 },
      { kind: 'bpe', vocabulary: 280 },
    ]);
    expect(opt.mixture).toEqual({ kind: 'replace' });
    expect(llama.mixture).toEqual({
      kind: 'terms',
      terms: [
        { from: 'real', generation: 0, take: { share: 0.5 }, draw: 'redrawn' },
        { from: 'opt', generation: 'current', take: { share: 0.5 }, draw: 'redrawn' },
      ],
    });
    expect(llama.base).toEqual({
      kind: 'scratch',
      config: { model_type: 'llama', hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 32 },
    }); // prettier-ignore
    expect(memberOrder([llama, opt])).toEqual([
      { name: 'opt', after: [] },
      { name: 'llama', after: ['opt'] },
    ]);
  });

  test('a condition may give one of them another mixture', async () => {
    const { plan } = await load(
      `${TWO}  - name: apart\n    mixture: { kind: accumulate }\n    override: { llama: { mixture: { kind: replace } } }\n`,
    );
    expect(plan.conditions[1].members.map(({ mixture }) => mixture.kind)).toEqual(['accumulate', 'replace']);
  });

  test('the plan prepares each tokenizer once, and views what is read in other tokens', async () => {
    const { plan } = await load(TWO);
    const { prepare, runs, totals } = outline(plan);
    expect(prepare.map(({ id }) => id)).toEqual(['prepare/1', 'prepare/2']);
    expect(runs[0].steps.filter(({ generation }) => generation === 1).map(({ id, after }) => [id.slice(id.indexOf('g1/')), after.length])).toEqual([
      ['g1/opt/sample', 1],
      ['g1/opt/finetune', 3],
      ['g1/opt/generate', 2],
      ['g1/opt/score', 5],
      ['g1/llama/view', 3],
      ['g1/llama/sample', 2],
      ['g1/llama/finetune', 2],
      ['g1/llama/generate', 2],
      ['g1/llama/score', 5],
    ]); // prettier-ignore
    expect(totals.steps).toBe(2 + 2 * 3 + 2 * (4 + 5));
    // with one tokenizer nothing is viewed
    const same = outline((await load(TWO.replace('    tokenizer: { kind: bpe, vocabulary: 280 }\n', ''))).plan);
    expect(same.prepare).toHaveLength(1);
    expect(same.runs[0].steps.some(({ step }) => step === 'view')).toBe(false);
  });
});

describe('refused by place, with what to do', () => {
  test.each<[string, string | RegExp, string, string]>([
    ['a circle', 'mixture: { kind: replace }', 'override: { opt: { mixture: [{ from: llama, generation: current }] } }', 'e.yaml:24:33: conditions.0.override.opt.mixture: opt trains on llama trains on opt, all of the same generation: none can be first; let one of them read generation: previous'],
    ['a member that is not there', 'from: opt', 'from: otp', 'e.yaml:21:61: population.1.mixture.1.from: there is no member "otp"; did you mean "opt"?'],
    ['shares that do not add up', 'share: 0.5 } }]', 'share: 0.4 } }]', 'e.yaml:21:14: population.1.mixture: the shares sum to 0.9, not 1; change one of them, or give counts'],
    ['vocabulary in a config', 'model_type: llama,', 'model_type: llama, vocab_size: 9,', 'e.yaml:15:57: population.1.base.config.vocab_size: "vocab_size" comes from the tokenizer; remove it'],
    ['heads that do not divide', 'num_attention_heads: 2', 'num_attention_heads: 3', 'e.yaml:15:140: population.1.base.config.num_attention_heads: 3 heads do not divide hidden = 16; use a divisor of 16'],
    ['too few positions', 'num_attention_heads: 2', 'num_attention_heads: 2, max_position_embeddings: 20', 'e.yaml:15:168: population.1.base.config.max_position_embeddings: a prompt of 16 tokens and 16 new ones do not fit into 20 positions; use at least 32, or remove max_position_embeddings'],
    ['neither shape nor config', /config: \{.*\} \}/, 'x: 1 }', 'e.yaml:15:28: population.1.base.x: unknown key "x"; known here: kind, architecture, config'],
    ['a checkpoint that would read otherwise', /base: \{ kind: scratch, config.*/, 'base: hf://a/b@main', 'e.yaml:16:24: population.1.tokenizer.kind: a checkpoint reads text only through its own tokenizer; use {kind: base}, or remove tokenizer'],
    ['a slip in a field', 'hidden_size: 16', 'hiden_size: 16', 'e.yaml:15:57: population.1.base.config.hiden_size: unknown key "hiden_size"; did you mean "hidden_size"?'],
    ['a field of another model', 'num_attention_heads: 2', 'num_attention_heads: 2, do_layer_norm_before: true', 'e.yaml:15:143: population.1.base.config.do_layer_norm_before: unknown key "do_layer_norm_before"; known here: attention_bias, mlp_bias, hidden_size, num_attention_heads, num_key_value_heads, head_dim, max_position_embeddings, num_hidden_layers, intermediate_size, rope_scaling, rope_parameters, partial_rotary_factor, original_max_position_embeddings, rope_theta, rms_norm_eps, hidden_act, initializer_range, tie_word_embeddings'],
    ['a value of the wrong kind', 'num_attention_heads: 2', 'num_attention_heads: 2, mlp_bias: 1', 'e.yaml:15:153: population.1.base.config.mlp_bias: must be true or false, not 1'],
    ['a value inside another', 'num_attention_heads: 2', 'num_attention_heads: 2, rope_parameters: { rope_type: linear, factor: two }', 'e.yaml:15:189: population.1.base.config.rope_parameters.factor: must be a number, not "two"'],
    ['an unknown model', 'model_type: llama', 'model_type: lama', 'e.yaml:15:50: population.1.base.config.model_type: unknown value "lama"; did you mean "llama"?'],
  ])('%s', async (_what, from, to, expected) => {
    expect(await edit(from, to)).toEqual(expected === '' ? [] : [expected]);
  }); // prettier-ignore

  test('a name twice', async () => {
    const twice = TWO.replace('name: llama', 'name: opt').replace(/    mixture: \[.*\n/, '');
    expect(await problems(twice)).toEqual([
      'e.yaml:14:11: population.1.name: member "opt" is there twice; remove it or change it; the first is population.0',
    ]);
  });

  test('no mixture anywhere, or one that no member uses', async () => {
    expect(await problems(SMALL.replace('    mixture: { kind: replace }\n', ''))).toEqual([
      'e.yaml:15:5: conditions.0: opt has no mixture; add mixture: {kind: replace} to the condition or to the member',
    ]);
    expect(await problems(SMALL.replace('    prompts:', '    mixture: { kind: accumulate }\n    prompts:'))).toEqual([
      'e.yaml:17:5: conditions.0.mixture: has no effect, because every member has a mixture of its own; remove it',
    ]);
  });
});

test('every architecture of the engine can start from scratch, by its defaults', async () => {
  for (const type of modelTypes()) {
    const { plan } = await load(TWO.replace(/config: \{.*\} \}/, `config: { model_type: ${type} } }`));
    const { base } = plan.conditions[0].members[1];
    expect(base.kind === 'scratch' && Object.keys(base.config).length).toBe(2); // its longest sequence follows from the settings
  }
});

test('a config in words', () => {
  expect(configWords({ model_type: 'gpt2', n_embd: 8, n_layer: 2 })).toBe('gpt2 (hidden 8, layers 2)');
});
