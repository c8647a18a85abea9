import { describe, expect, test } from '@jest/globals';
import { evaluationOf, evaluations, examples } from '../../evaluations/index.js';
import type { EvaluationInput } from '../../evaluations/types.js';
import { defaultsOf, tableName } from '../../evaluations/types.js';
import { OBSERVATIONS } from '../../observations/index.js';
import { writeConllu } from '../../syntax/conllu.js';
import { codeTable, likelihoodTable, textsFrom } from './support.js';

const input: EvaluationInput = {
  records: {
    generated: textsFrom(
      [
        [1, 2, 3, 4, 5],
        [1, 2, 3, 4, 5],
      ],
      [' ba do '.repeat(1000), ' ba ba '],
    ),
    test: textsFrom([], ['ba ku do']),
    real: textsFrom([[1, 2, 9, 8, 1]], ['ba do']),
  },
  tokenTypes: { real: new Set([1, 2, 9, 8]) },
  tables: {
    'likelihood/test/self': likelihoodTable([{ nllSum: 2, tokenCount: 2 }]),
    'likelihood/mixed/self': likelihoodTable([{ nllSum: 2, tokenCount: 2 }]),
    'likelihood/test/first': likelihoodTable([{ nllSum: 3, tokenCount: 2 }]),
    'likelihood/written0/first': likelihoodTable([{ nllSum: 5, tokenCount: 4 }]),
    'likelihood/generated/first': likelihoodTable([{ nllSum: 8, tokenCount: 4 }]),
    'prediction/test/self': { columns: { entropy_sum: [2, 4], hit_count: [1, 0], gini_sum: [1.5, 0.5], certain_count: [1, 0], token_count: [2, 2] } }, // prettier-ignore
    'bound/test/self': { columns: { reconstruction: [90], divergence: [20] } },
    'code/generated/first': codeTable(2, [1, -1, 2, 0.5, -3, 0]),
    'syntax/generated/self': { columns: {}, texts: { conllu: ['Ba', 'do', 'Ba'].map((form) => writeConllu({ forms: [form], upos: ['X'], xpos: ['FW'], heads: [0], deprels: ['root'] })) } }, // prettier-ignore
    'encoder-syntax/generated/encoder': { columns: {}, texts: { conllu: ['Ba', 'ku', 'Ba'].map((form) => writeConllu({ forms: [form], upos: ['X'], xpos: ['FW'], heads: [0], deprels: ['root'] })) } }, // prettier-ignore
    'coordinates/generated/self': { columns: { x_0: [1, 2] } },
    ...Object.fromEntries(
      ['embedding/generated', 'embedding/test', 'sentence-embedding/generated'].map((of, k) => [
        `${of}/encoder`,
        { columns: { embedding_0: [1, 2, -1, 3, 1 + k, 4, -2], embedding_1: [2, 1, 3, -1, 0, 5 + k, 2] } },
      ]),
    ),
  },
  references: [['ba do ba do'], []],
  truth: { words: ['ba', 'do', 'ku'], probability: [0.6, 0.38, 0.02] },
};

/** What the evaluation said it needs, and nothing else. */
function given({ needs }: (typeof evaluations)[number]): EvaluationInput {
  const pick = <T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
    Object.fromEntries(names.map((name) => [name, all[name]]));
  return {
    records: pick(input.records as Record<string, never>, needs.records ?? []),
    tokenTypes: pick(input.tokenTypes as Record<string, never>, needs.tokenTypes ?? []),
    tables: pick(input.tables, (needs.observations ?? []).map(tableName)),
    references: needs.references && input.references,
    truth: needs.truth && input.truth,
  };
}

describe('registry', () => {
  test('a plan from another version is refused', () => {
    expect(() => evaluationOf({ name: 'perplexity', variant: 'mine' })).toThrow('this version has no metric perplexity (mine)');
  });

  test('every observation that one needs exists, and looks at the same kind of records', () => {
    const known = new Map<string, string>(Object.entries(OBSERVATIONS).map(([name, { of }]) => [name, of]));
    for (const { of, needs } of evaluations)
      for (const need of needs.observations ?? []) expect(known.get(need.observation)).toBe(of);
  });

  test('every setting has a default', () => {
    for (const evaluation of [...evaluations, ...examples])
      expect(Object.keys(defaultsOf(evaluation))).toEqual(Object.keys(evaluation.settings.shape));
  });

  test('each is computed from what it says it needs; every value says metric, version, n, settings; no two have one name', () => {
    const values = evaluations.flatMap((evaluation) => evaluation.compute(given(evaluation), defaultsOf(evaluation)));
    expect(new Set(values.map((v) => `${v.metric} ${v.variant}`)).size).toBe(values.length);
    for (const value of values) {
      const evaluation = evaluations.find((m) => m.name === value.metric && `${value.variant}/`.startsWith(`${m.variant}/`))!;
      expect(value.version).toBe(evaluation.version);
      expect(value.settings).toEqual(defaultsOf(evaluation));
      expect(Number.isFinite(value.value) && value.n > 0).toBe(true);
    }
    expect(new Set(values.map((v) => v.metric))).toEqual(new Set(evaluations.map((e) => e.name)));
    expect(values.find((v) => v.metric === 'perplexity')!.value).toBeCloseTo(Math.E, 14);
    expect(values.find((v) => v.metric === 'tail-lost')!.value).toBe(1);
    expect(values.find((v) => v.metric === 'distinct-blocks')!.value).toBe(0.5);
    const series = evaluations.flatMap((evaluation) => evaluation.series?.(given(evaluation), defaultsOf(evaluation)) ?? []);
    expect(series.map((s) => s.metric)).toEqual(['sequence-perplexity', 'survival', 'latent-std']);
  });

  test('a score step that lacks what an evaluation needs is a bug of ours', () => {
    for (const evaluation of evaluations)
      expect(() => evaluation.compute({ records: {}, tables: {} }, defaultsOf(evaluation))).toThrow(
        'internal: an evaluation needs',
      );
  });
});

test('samples: the first texts, each with what it continues', () => {
  const [samples] = examples;
  const seen = samples.examples!({
    records: {
      generated: { ...textsFrom([], ['went', 'came']), ids: ['g1/m/0', 'g1/m/1'], prompts: ['p1', 'p0'] },
      prompts: { ...textsFrom([], ['he', 'she']), ids: ['p0', 'p1'], openings: [undefined, 'Did she?'] },
    },
    tables: {},
  });
  expect(seen).toEqual({
    samples: [
      { record: 'g1/m/0', text: 'went', prompt: 'Did she?' },
      { record: 'g1/m/1', text: 'came', prompt: 'he' },
    ],
  });
});
