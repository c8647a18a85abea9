import { describe, expect, test } from '@jest/globals';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import { composeDocument } from '../../spec/compose.js';
import { loadExperiment } from '../../spec/load.js';
import { folder, load, problems, SMALL } from './support.js';

const edit = (from: string | RegExp, to: string): Promise<string[]> => {
  const edited = SMALL.replace(from, to);
  expect(edited).not.toBe(SMALL);
  return problems(edited);
};

describe('problems name file, line, column, what is wrong and what to do', () => {
  test('the example itself has none', async () => {
    expect(await problems(SMALL)).toEqual([]);
  });

  const cases: [string, string | RegExp, string, string[]][] = [
    [
      'unknown key',
      'generations: 2',
      'generatons: 2',
      [
        'e.yaml:1:1: generations: is required; add it: a number',
        'e.yaml:4:1: generatons: unknown key "generatons"; did you mean "generations"?',
      ],
    ],
    [
      'snake case',
      'learningRate: 1e-3',
      'learning_rate: 1e-3',
      [
        'e.yaml:11:15: population.0.training.learningRate: is required; add it: a number',
        'e.yaml:11:38: population.0.training.learning_rate: unknown key "learning_rate"; did you mean "learningRate"?',
      ],
    ],
    [
      'key far from any',
      'seeds: [1]',
      'seeds: [1]\nzzzqqq: 1',
      [
        'e.yaml:4:1: zzzqqq: unknown key "zzzqqq"; known here: schemaVersion, name, title, seeds, generations, data, sources, tokenizer, population, conditions, references, encoder, metrics, claims, execution',
      ],
    ],
    [
      'unknown value',
      'start: previous',
      'start: previus',
      ['e.yaml:10:12: population.0.start: unknown value "previus"; did you mean "previous"?'],
    ],
    ['wrong type', 'epochs: 2', 'epochs: two', ['e.yaml:11:25: population.0.training.epochs: must be a number, but is "two"']],
    ['fraction', 'seeds: [1]', 'seeds: [1, 2.5]', ['e.yaml:3:12: seeds.1: must be a whole number, but is 2.5']],
    ['out of bounds', 'block: 16', 'block: 1', ['e.yaml:5:37: data.block: must be at least 2, but is 1']],
    [
      'not a number',
      'learningRate: 1e-3',
      'learningRate: .nan',
      ['e.yaml:11:52: population.0.training.learningRate: must be a number, but is NaN'],
    ],
    ['nothing', 'generations: 2', 'generations:', ['e.yaml:4:1: generations: must be a number, but is nothing']],
    [
      'another file version',
      'schemaVersion: 1',
      'schemaVersion: 2',
      ['e.yaml:1:16: schemaVersion: 2 is not allowed here; the only choice is 1'],
    ],
    [
      'shorthand that is none',
      'mixture: { kind: replace }',
      'mixture: replace',
      ['e.yaml:16:14: conditions.0.mixture: must be a mapping (key: value), but is "replace"; write {kind: replace}'],
    ],
    [
      'names',
      'name: small',
      'name: Small One',
      ['e.yaml:2:7: name: "Small One" must be lower-case letters, digits and hyphens, starting with a letter or digit'],
    ],
    [
      'a revision that is not pinned',
      'train: grammar:zipf',
      'train: hf://Salesforce/wikitext/wikitext-2-raw-v1',
      [
        'e.yaml:5:16: data.train: "hf://Salesforce/wikitext/wikitext-2-raw-v1" must be file:PATH, hf://OWNER/NAME/CONFIG@REVISION, hf://OWNER/NAME/CONFIG@REVISION#SPLIT or grammar:zipf',
      ],
    ],
  ];
  test.each(cases)('%s', async (_what, from, to, expected) => {
    expect(await edit(from, to)).toEqual(expected);
  });
});

describe('mixtures', () => {
  const cases: [string, string | RegExp, string, string[]][] = [
    [
      'fresh data without a sample',
      '{ kind: replace }',
      '{ kind: fresh, share: 0.5 }',
      [
        'e.yaml:16:22: conditions.0.mixture.kind: fresh takes in real records that no generation has seen, and without a sample generation 0 trains on all of them; give the member sample: N, with N below the number of training records',
      ],
    ],
    [
      'weights that do not sum to 1',
      '{ kind: replace }',
      '{ kind: weights, alpha: 0.5, beta: 0.2 }',
      [
        'e.yaml:16:14: conditions.0.mixture: alpha, beta and gamma sum to 0.7, not 1; change one of them',
        'e.yaml:16:22: conditions.0.mixture.kind: weights takes in real records that no generation has seen, and without a sample generation 0 trains on all of them; give the member sample: N, with N below the number of training records',
      ],
    ],
    [
      'a growing set of one text',
      '    prompts: original',
      '    prompts: original\n    sample: { size: 10, growth: 1 }',
      [
        'e.yaml:14:33: population.0.sample.growth: a growing set asks for more than one continuation of a prompt, and strategy: greedy writes the same each time; use strategy: sample, or remove growth',
      ],
    ],
  ];
  test.each(cases)('%s', async (_what, from, to, expected) => {
    expect(await edit(from, to)).toEqual(expected);
  });
  test.each<[string, string, string[]]>([
    ['epochs: 2, ', '', ['11:15: population.0.training: must have one of epochs and maxSteps; add epochs: 3']],
    ['epochs: 2, ', 'epochs: 2, maxSteps: 5, ', ['11:38: population.0.training.maxSteps: must have one of epochs and maxSteps; remove one of them']],
    ['epochs: 2, ', 'maxSteps: 5, scheduleUnit: epoch, ', ['11:44: population.0.training.scheduleUnit: epoch needs epochs, and the training lasts maxSteps steps; use scheduleUnit: step']],
    ['epochs: 2, ', 'epochs: 2, warmup: 2.5, ', ['11:36: population.0.training.warmup: must be a share below 1, or a whole number of steps']],
    ['prompts: original', 'prompts: none', ['13:14: population.0.prompts: none has every text begin alike, and strategy: greedy goes on alike, too; use strategy: sample']],
    ['    prompts: original', '    prompts: none\n    postprocess: [drop-copied]', [
      '13:14: population.0.prompts: none has every text begin alike, and strategy: greedy goes on alike, too; use strategy: sample',
      '14:19: population.0.postprocess.0: drop-copied compares with prompts, and there are none; remove it',
    ]],
  ])('%s is %s', async (from, to, expected) => {
    expect(await edit(from, to)).toEqual(expected.map((line) => `e.yaml:${line}`));
  }); // prettier-ignore

  test('steps stand for epochs in generation 0 alone, too; a row is the start token and what is written', async () => {
    const own = SMALL.replace('strategy: greedy', 'strategy: sample').replace('prompts: original', 'prompts: none');
    const { plan } = await load(own.replace('    prompts', '    generation0: { maxSteps: 9, warmup: 3 }\n    prompts'));
    const [{ training, generation0, decoding, base }] = plan.population as LanguageModelPlan[];
    expect(training).toMatchObject({ epochs: 2, warmup: 0 });
    expect(generation0).toMatchObject({ maxSteps: 9, warmup: 3 });
    expect(generation0).not.toHaveProperty('epochs');
    expect(decoding).toMatchObject({ minNewTokens: 15, maxNewTokens: 15 });
    expect(base).toMatchObject({ config: { max_position_embeddings: 16 } });
  });

  const list = (terms: string) => edit('{ kind: replace }', terms);
  test.each([
    ['[{ from: reall }]', '0.from: there is no member "reall"; did you mean "real"?'],
    ['[{ from: self, generation: current }]', '0.generation: opt cannot train on what it will write; use generation: previous'],
    ['[{ from: self, take: { share: 0.5 } }]', 'the shares sum to 0.5, not 1; change one of them, or give counts'],
    ['[{ from: self }, { from: opt }]', '1.from: the same set is there twice; take more of it in term 0'],
    ['[{ from: real, generation: previous }, { from: self }]', '0.generation: the real data have no generations; remove it'],
    ['[{ from: self, take: { share: 1, count: 2 } }]', '0.take: must have one of share, count and weight'],
    ['[{ from: real, draw: in-place }, { from: self }]', '0.draw: a share of real records stands in the place of others; use from: real and take: {share: …}'],
    ['[{ from: real, draw: in-place, take: { share: 0.1 } }]', '0.draw: what is replaced in place must be one set, taken whole; give the list one other term, such as {from: self}'],
    ['[{ from: real, take: { share: 0.5 }, draw: fresh }, { from: self, take: { share: 0.5 } }]', '0.draw: this term takes in real records that no generation has seen, and without a sample generation 0 trains on all of them; give the member sample: N, with N below the number of training records'],
    ['[{ from: "file:" }]', '0.from: "file:" names no source; write file:PATH or hf://OWNER/NAME/CONFIG@REVISION#SPLIT'],
    ['[{ from: "hf:more" }, { from: self }]', '0.from: "hf:more" names no source; write file:PATH or hf://OWNER/NAME/CONFIG@REVISION#SPLIT'],
    ['[{ from: "file:more.txt", draw: fresh, take: { count: 3 } }]', '0.draw: what no generation has trained on is known of data.train alone; use draw: redrawn, or make it data.train'],
    ['[{ from: "file:more.txt", draw: in-place, take: { share: 0.1 } }, { from: self }]', '0.draw: real records stand in place of others where they were continued, and these never are; use draw: redrawn, or make it data.train'],
    ['[{ from: "file:more.txt", generation: -2 }, { from: self }]', '0.generation: the real data have no generations; remove it'],
    ['[{ from: "file:more.txt" }, { from: [real, "file:more.txt"] }]', '1.from.1: the same set is there twice; take more of it in term 0'],
    ['[{ from: self, lossWeight: 0 }]', '0.lossWeight: must be more than 0, but is 0'],
    ['[{ from: self, lossWeight: golden }, { from: real }]', '0.lossWeight: golden weighs real records against written ones, and these are written; give it to the term of real records'],
    ['[{ from: real, lossWeight: golden }]', '0.lossWeight: golden is for real records beside written ones that count 1; add {from: self}, without a lossWeight'],
    ['[{ from: real, lossWeight: golden }, { from: self, lossWeight: 2 }]', '0.lossWeight: golden is for real records beside written ones that count 1; add {from: self}, without a lossWeight'],
    ['[{ from: self, through: [{ curate: { column: nll_sum } }] }]', '0.through: curate chooses among several texts of a prompt, and of self there is one; give the member that writes decoding.numReturnSequences'],
    ['[{ from: real, through: [{ curate: { column: nll_sum } }] }]', '0.through: curate chooses among several texts of a prompt, and of real there is one; give the member that writes decoding.numReturnSequences'],
    ['[{ from: self, through: [dedup] }]', '0.through.0: unknown value "dedup"; did you mean "dedupe"?'],
    ['[{ from: self, through: [{ cut: { att: x } }] }]', '0.through.0.cut.att: unknown key "att"; did you mean "at"?'],
    ['[{ from: self, through: [drop-copied] }]', '0.through: drop-copied compares with prompts, which blocks in the pool do not bring along; use it in the member’s postprocess'],
    ['[{ from: real, through: [{ threshold: { column: nll_sum, under: writer, max: 9 } }] }]', '0.through: no model wrote the real records; use under: first'],
    ['[{ from: self, draw: fresh, take: { count: 3 }, through: [dedupe] }]', '0.through: what no generation has trained on is known by its position in its set, which operators change; use draw: redrawn'],
    ['[{ from: real, draw: in-place, take: { share: 0.1 }, through: [dedupe] }, { from: self }]', '0.through: real records that stand in place of others are known by their positions, which operators change; give it to the other term'],
    ['[{ from: self, draw: weighted-by }]', '0.draw: "weighted-by" is not implemented yet; one of: redrawn, fresh, in-place'],
  ])('%s', async (terms, expected) => {
    const found = await list(terms);
    expect(found.map((line) => line.replace(/^e\.yaml:16:\d+: conditions\.0\.mixture[.:] ?/, ''))).toEqual([expected]);
  }); // prettier-ignore
  test('lists that fit', async () => {
    expect(await list('[{ from: real, take: { share: 0.5 } }, { from: self, take: { share: 0.5 } }]')).toEqual([]);
    expect(await list('[{ from: real, take: { count: 3 } }, { from: self, generation: all }]')).toEqual([]);
    expect(await list('[{ from: "file:more.txt", take: { share: 0.5 } }, { from: self, take: { share: 0.5 } }]')).toEqual([]);
    expect(await list('[{ from: "hf://some/texts/plain@main#train" }, { from: [real, self] }]')).toEqual([]);
    expect(await list('[{ from: real, draw: in-place, take: { share: 0.1 } }, { from: self }]')).toEqual([]);
    expect(await list('[{ from: real, draw: in-place, take: { share: 0.1 } }, { from: self, through: [dedupe] }]')).toEqual([]);
  });
  test('alpha alone needs no new real data', async () => {
    expect(await edit('{ kind: replace }', '{ kind: weights, alpha: 1 }')).toEqual([]);
  });
});

describe('operators', () => {
  test('candidates of candidates of candidates', async () => {
    const several = SMALL.replace('strategy: greedy', 'strategy: sample, numReturnSequences: 4').replace(
      'prompts: original',
      'prompts: previous',
    );
    expect(await problems(several)).toEqual([
      'e.yaml:12:55: population.0.decoding.numReturnSequences: what is written is continued, and would be 4 times as much with each generation; use prompts: original, give the member a sample, or postprocess: [{curate: {…}}]',
    ]);
  });
  const after = (list: string) => edit('    prompts: original', `    postprocess: ${list}\n    prompts: original`);
  test.each<[string, string]>([
    ['[ct]', '13:19: population.0.postprocess.0: unknown value "ct"; did you mean "cut"?'],
    ['[dedupe, { ct: { at: x } }]', '13:29: population.0.postprocess.1.ct: unknown key "ct"; did you mean "cut"?'],
    ['[{ length: { minToken: 3 } }]', '13:31: population.0.postprocess.0.length.minToken: unknown key "minToken"; did you mean "minTokens"?'],
    ['[{ length: { minTokens: 3.5 } }]', '13:42: population.0.postprocess.0.length.minTokens: must be a whole number, but is 3.5'],
    ['[{ curate: { column: nll_sum } }]', '13:19: population.0.postprocess.0: curate chooses among several texts of a prompt, and there is one; give decoding.numReturnSequences'],
    ['[{ resample: { size: 4 } }]', '13:39: population.0.postprocess.0.resample.size: size asks for more texts than maxRepeats allows'],
    ['[length]', '13:19: population.0.postprocess.0: length needs settings, as {length: {…}}: needs a lower or an upper limit, and the upper one not below the lower one'],
    ['[threshold]', '13:19: population.0.postprocess.0: threshold needs settings, as {threshold: {…}}: column'],
    ['[{ threshold: { column: nll, max: 3 } }]', '13:42: population.0.postprocess.0.threshold.column: unknown value "nll"; one of: nll_sum, token_count, '],
    ['[{ length: { minTokens: 3, maxTokens: 2 } }]', '13:29: population.0.postprocess.0.length: needs a lower or an upper limit, and the upper one not below the lower one'],
    ['[{ cut: {}, dedupe: {} }]', '13:19: population.0.postprocess.0: one operator an entry: start each with a hyphen of its own'],
    ['dedupe', '13:18: population.0.postprocess: must be a list, but is "dedupe"'],
  ])('%s', async (list, expected) => {
    // an observation more has columns more
    const found = (await after(list)).map((line) => (expected.endsWith(', ') ? line.slice(0, 'e.yaml:'.length + expected.length) : line));
    expect(found).toEqual([`e.yaml:${expected}`]);
  }); // prettier-ignore

  test('lists with their defaults; an empty one is none', async () => {
    const plan = async (list: string) =>
      (await load(SMALL.replace('    prompts:', `    postprocess: ${list}\n    prompts:`))).plan;
    const { population, conditions } = await plan('[drop-incomplete, { cut: { at: [x, y] } }]');
    expect(population[0].postprocess).toEqual([
      { name: 'drop-incomplete', settings: { ends: '.!?…。！？' }, needs: { tokenizer: true } },
      { name: 'cut', settings: { at: ['x', 'y'], include: false }, needs: { tokenizer: true } },
    ]);
    expect(conditions[0].members[0].postprocess).toEqual(population[0].postprocess);
    expect(await plan('[]')).toEqual((await load(SMALL)).plan);
    const none = SMALL.replace('{ kind: replace }', '[{ from: self, through: [] }]');
    expect((await load(none)).plan).toEqual((await load(none.replace(', through: []', ''))).plan);
  });
});

describe('words of the future are refused as such', () => {
  const cases: [string, string | RegExp, string, string][] = [
    [
      'mixture',
      'kind: replace',
      'kind: cross',
      'e.yaml:16:22: conditions.0.mixture.kind: "cross" is not implemented yet; one of: replace, keep-share, accumulate, accumulate-subsample, fresh, fixed-real, weights',
    ],
    [
      'architecture',
      'hidden:',
      'kind: llama, hidden:',
      'e.yaml:9:50: population.0.base.architecture.kind: unknown value "llama"; the only choice is opt',
    ],
    [
      'strategy',
      'strategy: greedy',
      'strategy: contrastive',
      'e.yaml:12:27: population.0.decoding.strategy: "contrastive" is not implemented yet; one of: greedy, sample, beam, beam-sample',
    ],
    [
      'adapter',
      'prompts:',
      'lora: { rank: 8 }\n    prompts:',
      'e.yaml:13:5: population.0.lora: "lora" is not implemented yet; remove it',
    ],
    [
      'penalty',
      'strategy: greedy',
      'strategy: greedy, penaltyAlpha: 0.6',
      'e.yaml:12:35: population.0.decoding.penaltyAlpha: "penaltyAlpha" is not implemented yet; remove it',
    ],
  ];
  test.each(cases)('%s', async (_what, from, to, expected) => {
    expect(await edit(from, to)).toEqual([expected]);
  });
});

describe('parts that do not fit together', () => {
  const cases: [string, string | RegExp, string, string[]][] = [
    [
      'duplicate seed',
      'seeds: [1]',
      'seeds: [1, 7, 1]',
      ['e.yaml:3:15: seeds.2: seed 1 is there twice; remove it or change it; the first is seeds.0'],
    ],
    [
      'duplicate condition',
      /$/,
      '  - { name: replace, mixture: { kind: replace } }\n',
      ['e.yaml:17:13: conditions.1.name: condition "replace" is there twice; remove it or change it; the first is conditions.0'],
    ],
    [
      'the variant that is meant anyway',
      /$/,
      'metrics: [mtld, { name: mtld, variant: no-minimum }, { name: mtld, variant: lexical-diversity }]\n',
      ['e.yaml:17:54: metrics.2: this metric is there twice; remove it or change it; the first is metrics.0'],
    ],
    [
      'beams without beam',
      'strategy: greedy',
      'strategy: greedy, beams: 3',
      [
        'e.yaml:12:35: population.0.decoding.beams: "beams" has no effect with strategy: greedy; use strategy: beam or beam-sample, or remove it',
      ],
    ],
    [
      'beam without beams',
      'strategy: greedy',
      'strategy: beam',
      ['e.yaml:12:15: population.0.decoding.beams: is required with strategy: beam; add it: a whole number from 2'],
    ],
    [
      'temperature without sampling',
      'strategy: greedy',
      'strategy: beam, beams: 3, temperature: 0.5',
      [
        'e.yaml:12:43: population.0.decoding.temperature: "temperature" has no effect with strategy: beam; use strategy: sample or beam-sample, or remove it',
      ],
    ],
    [
      'prompt lookup with beams',
      'strategy: greedy',
      'strategy: beam-sample, beams: 3, temperature: 0.5, promptLookupNumTokens: 10',
      [
        'e.yaml:12:68: population.0.decoding.promptLookupNumTokens: "promptLookupNumTokens" has no effect with strategy: beam-sample; use strategy: greedy or sample, or remove it',
      ],
    ],
    [
      'n-gram size without prompt lookup',
      'strategy: greedy',
      'strategy: greedy, maxMatchingNgramSize: 3',
      [
        'e.yaml:12:35: population.0.decoding.maxMatchingNgramSize: "maxMatchingNgramSize" has no effect without prompt lookup; add promptLookupNumTokens: 10, or remove it',
      ],
    ],
    [
      'min above max',
      'strategy: greedy',
      'strategy: greedy, minNewTokens: 17',
      ['e.yaml:12:49: population.0.decoding.minNewTokens: 17 is above maxNewTokens = 16'],
    ],
    [
      'heads',
      'heads: 2',
      'heads: 3',
      ['e.yaml:9:74: population.0.base.architecture.heads: 3 heads do not divide hidden = 16; use a divisor of 16'],
    ],
    [
      'positions',
      'heads: 2',
      'heads: 2, positions: 31',
      [
        'e.yaml:9:88: population.0.base.architecture.positions: a prompt of 16 tokens and 16 new ones do not fit into 31 positions; use at least 32, or remove positions',
      ],
    ],
    [
      'minimum rate',
      'learningRate: 1e-3',
      'learningRate: 1e-3, minLearningRate: 0.1',
      ['e.yaml:11:75: population.0.training.minLearningRate: 0.1 is above learningRate = 0.001'],
    ],
    [
      'warm-up by epochs',
      'learningRate: 1e-3',
      'learningRate: 1e-3, scheduleUnit: epoch, warmup: 0.1',
      [
        'e.yaml:11:87: population.0.training.warmup: warm-up with scheduleUnit: epoch is not implemented yet; use scheduleUnit: step, or remove warmup',
      ],
    ],
    [
      'a tokenizer from nowhere',
      'kind: bpe, vocabulary: 300',
      'kind: base',
      ['e.yaml:6:20: tokenizer.kind: a model from scratch has no tokenizer of its own; use {kind: bpe, vocabulary: 4096}'],
    ],
    [
      'a subset of nothing',
      'block: 16',
      'block: 16, subset: { train: 0 }',
      ['e.yaml:5:58: data.subset.train: must be more than 0, but is 0'],
    ],
    [
      'a subset in per cent',
      'block: 16',
      'block: 16, subset: { train: 5 }',
      ['e.yaml:5:58: data.subset.train: must be at most 1, but is 5'],
    ],
    [
      'file without held-out text',
      'train: grammar:zipf',
      'train: file:a.txt',
      [
        'e.yaml:5:7: data.valid: is required, because data.train is a file; add valid: file:PATH of held-out text, or heldOut: {valid: 0.05}',
        'e.yaml:5:7: data.test: is required, because data.train is a file; add test: file:PATH of held-out text, or heldOut: {test: 0.05}',
      ],
    ],
    [
      'mixed sources',
      'train: grammar:zipf',
      'train: grammar:zipf, test: file:a.txt',
      [
        'e.yaml:5:36: data.test: mixes real text with the synthetic language of the other splits; give train, valid and test the same kind of source',
      ],
    ],
    [
      'override of nobody',
      /$/,
      '    override: { otp: { start: generation-0 } }\n',
      ['e.yaml:17:17: conditions.0.override.otp: there is no member "otp"; did you mean "opt"?'],
    ],
    [
      'override with a wrong value',
      /$/,
      '    override: { opt: { training: { epochs: -1, precision: bf16 } } }\n',
      [
        'e.yaml:17:44: conditions.0.override.opt.training.epochs: must be at least 0, but is -1',
        'e.yaml:17:48: conditions.0.override.opt.training.precision: "precision" is not implemented yet; remove it',
      ],
    ],
    [
      'override that does not fit',
      /$/,
      '    override: { opt: { decoding: { topK: 5 } } }\n',
      [
        'e.yaml:17:36: conditions.0.override.opt.decoding.topK: "topK" has no effect with strategy: greedy; use strategy: sample or beam-sample, or remove it',
      ],
    ],
    [
      'metric setting',
      /$/,
      'metrics: [{ name: rep, settings: { n: 4 } }]\n',
      ['e.yaml:17:36: metrics.0.settings.n: unknown key "n"; known here: order'],
    ],
    [
      'metric settings that do not fit each other',
      /$/,
      'metrics: [{ name: perplexity, variant: real-test/sliding-window, settings: { window: 8, stride: 9 } }]\n',
      ['e.yaml:17:97: metrics.0.settings.stride: must be at most window'],
    ],
    [
      'a size of what has none',
      /$/,
      'metrics: [{ name: perplexity, size: { texts: 10 } }]\n',
      ['e.yaml:17:37: metrics.0.size: perplexity does not measure written texts, so it has no size'],
    ],
    [
      'of a training set what does not measure written texts, or goes by prompts',
      /$/,
      'metrics: [{ name: perplexity, of: training }, { name: bleu, of: training }]\n',
      [
        'e.yaml:17:35: metrics.0.of: perplexity does not measure written texts, so there is none of a training set; remove it',
        'e.yaml:17:65: metrics.1.of: bleu compares texts with how their prompts go on, and a training set has texts without prompts; remove it',
      ],
    ],
    [
      'a size beyond what a metric looks at',
      /$/,
      'metrics: [{ name: vocabulary, size: { words: 60000 } }]\n',
      [
        'e.yaml:17:37: metrics.0.size: vocabulary looks at the first 50000 words of a set alone, which is less than 60000; set its words to 0 or to the size',
      ],
    ],
    [
      'no such size',
      /$/,
      'metrics: [{ name: rep, size: { tokens: 5 } }]\n',
      [
        'e.yaml:17:30: metrics.0.size.texts: is required; add it: a number',
        'e.yaml:17:32: metrics.0.size.tokens: unknown key "tokens"; known here: texts, samples, seed, words',
      ],
    ],
  ];
  test.each(cases)('%s', async (_what, from, to, expected) => {
    expect(await edit(from, to)).toEqual(expected);
  });

  test('truth metrics on real text', async () => {
    const real = SMALL.replace('train: grammar:zipf', 'train: hf://a/b/c@main') + 'metrics: [tail-lost]\n';
    expect(await problems(real)).toEqual([
      'e.yaml:17:11: metrics.0: tail-lost needs a synthetic language, whose true distribution is known; remove it, or use data.train: grammar:zipf',
    ]);
  });
});

describe('files that are not experiments', () => {
  test('duplicate keys, tabs, two documents, tags', async () => {
    expect(await problems('name: a\nname: b\n')).toEqual([
      'e.yaml:2:1: this key is there twice in its mapping; remove one of the two',
    ]);
    expect(await problems('data:\n\ttrain: x\n')).toContain('e.yaml:2:1: a tab is used for indentation; indent with spaces');
    expect(await problems('a: 1\n---\nb: 2\n')).toEqual([
      'e.yaml:2:1: there is more than one YAML document; keep one experiment a file',
    ]);
    expect(await problems('a: !js/function x\n')).toEqual(['e.yaml:1:4: a YAML tag that is not known; remove the tag']);
    expect(await problems('a: [1, 2\n')).toHaveLength(1);
  });

  test('empty, a list, text, bytes', async () => {
    expect(await problems('# nothing\n')).toEqual(['e.yaml:1:1: the file is empty; start from a preset: habsburg presets']);
    expect(await problems('- 1\n')).toEqual(['e.yaml:1:1: must be a mapping (key: value), but is a list']);
    expect(await problems('hello\n')).toEqual(['e.yaml:1:1: must be a mapping (key: value), but is "hello"']);
    expect(await problems(Uint8Array.of(0x61, 0x3a, 0x20, 0xff))).toEqual([
      expect.stringMatching(/^e\.yaml: byte 3 \(0xff, in line 1\) is not UTF-8; convert the file/),
    ]);
    expect(await problems(`# ${'x'.repeat(1024 * 1024)}\n`)).toEqual([
      'e.yaml: more than 1048576 bytes, the limit for such a file',
    ]);
  });

  test('alias bombs are stopped', async () => {
    const bomb = [
      'a0: &a0 [x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`),
    ].join('\n');
    expect(await problems(`${bomb}\n`)).toEqual(['e.yaml:1:1: more than 100 aliases are expanded; write the values out']);
  });

  test('a megabyte of keys, of doubles, or of aliases takes no longer than reading it', async () => {
    const lines = (n: number, line: (i: number) => string): string =>
      Array.from({ length: n }, (_, i) => `${line(i)}\n`).join('');
    const began = process.cpuUsage().user;
    expect((await problems(lines(90_000, (i) => `k${i}: 1`))).length).toBeLessThan(150); // a hundred of the unknown keys are told
    expect((await problems(lines(90_000, () => 'seeds: [1]')))[0]).toBe('e.yaml:2:1: this key is there twice in its mapping; remove one of the two'); // prettier-ignore
    expect(await problems(lines(30_000, (i) => `a${i}: &x${i} 1\nb${i}: *x${i}`))).toEqual([
      'e.yaml:1:1: more than 100 aliases are expanded; write the values out',
    ]);
    expect(await problems(`a:\n  - ${'['.repeat(500_000)}`)).toEqual(['e.yaml:2:505: brackets are nested more than 500 deep']);
    expect(process.cpuUsage().user - began).toBeLessThan(30e6); // was minutes each
  });

  test.each([
    ['bad escapes', `a: "${'\\q'.repeat(500_000)}"`],
    ['reserved characters', '- @b\n'.repeat(100_000)],
    ['tokens out of place', `${']\n'.repeat(500_000)}`],
  ])('of a flood of %s a hundred are looked at', async (_, flood) => {
    const { document, wrong } = composeDocument(flood, {}, undefined, 100);
    expect([document, wrong.length]).toEqual([undefined, 100]);
    expect(await problems(flood)).toHaveLength(100);
  });

  test('mappings without end are named as such', async () => {
    const deep = Array.from({ length: 1300 }, (_, i) => `${' '.repeat(i)}a:\n`).join('');
    expect(await problems(deep)).toEqual([expect.stringMatching(/lists and mappings are nested too deep$/)]);
  });

  test('a key of JavaScript itself is just an unknown key', async () => {
    expect(await problems(`${SMALL}__proto__: { polluted: 1 }\nconstructor: 1\n`)).toEqual([
      expect.stringMatching(/^e\.yaml:17:1: __proto__: unknown key "__proto__"; known here: /),
      expect.stringMatching(/^e\.yaml:18:1: constructor: unknown key "constructor"; /),
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('missing files and presets say what there is', async () => {
    await expect(loadExperiment('quickstrat')).rejects.toMatchObject({
      kind: 'notFound',
      message: 'quickstrat: no such experiment file or preset; did you mean the preset "quickstart"?',
    });
    await expect(loadExperiment('no/such.yaml')).rejects.toMatchObject({
      kind: 'notFound',
      message: 'no/such.yaml: no such experiment file; check the path',
    });
    const dir = await folder();
    await expect(loadExperiment(dir)).rejects.toMatchObject({
      kind: 'invalid',
      message: `${dir}: this is a folder; name a file in it`,
    });
  });
});
