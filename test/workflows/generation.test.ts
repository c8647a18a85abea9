/** One member's generation: what it asks for, in which order, and what it adds to the state. */
import { expect, test } from '@jest/globals';
import type { FinetuneInput, GenerateInput, PostprocessInput, SampleInput, StepResult } from '../../activities/types.js';
import { digestOf, sha256 } from '../../common/canonical.js';
import type { OperatorPlan } from '../../spec/operator-plan.js';
import type { MixedStepMember } from '../../spec/plan.js';
import {
  generationOf,
  memberGeneration,
  pastOutputs,
  scoreInput,
  type GenerationResult,
  type StepCall,
} from '../../workflows/generation.js';
import type { MemberState } from '../../workflows/contract.js';
import { list, member, term, type Some } from './walk.js';

const ref = (kind: string, ...of: unknown[]) => ({ kind, digest: digestOf(of), size: 1 });
const prepared: MemberState['prepared'] = {
  train: ref('dataset', 'train'),
  valid: ref('dataset', 'valid'),
  test: ref('dataset', 'test'),
  tokenizer: ref('tokenizer', 't'),
  base: ref('model', 'base'),
};
const data = { text: { block: 8, packing: 'bos-line' } } as never;

/** The steps of a generation, each answered with outputs that are named after it. */
function walk(one: MixedStepMember, generation: number, state: MemberState) {
  const place = { store: 's', seed: 1, generation, member: 'm', checkpointSeconds: 1 };
  const asked: StepCall[] = [];
  const steps = memberGeneration({ members: [one], data }, one, place, { m: state });
  let next = steps.next();
  while (!next.done) {
    asked.push(next.value);
    const { step } = next.value;
    const output = { view: 'view', postprocess: 'kept', sample: 'train', finetune: 'model', generate: 'generated' }[step];
    const outputs = { [output]: ref(step, step, generation, one.name) };
    const answer: StepResult = { key: sha256(step), cached: step === 'sample', outputs, report: { n: 1 } };
    next = steps.next(answer);
  }
  return { asked, names: asked.map(({ step }) => step), result: next.value };
}
const of = (more: Partial<Some & MixedStepMember> = {}) => ({ ...member({ name: 'm', mixture: { kind: 'replace' } }), ...more });
const input = <T>(asked: readonly StepCall[], step: StepCall['step']) => asked.find((call) => call.step === step)!.input as T;

test('generation 0 fits all real data from the base; its model is the first', () => {
  const one = { ...of({ base: { kind: 'checkpoint', source: 'file:x' } as never }), generation0: { epochs: 9 } as never };
  const { asked, names, result } = walk(one as MixedStepMember, 0, { prepared });
  expect(names).toEqual(['finetune', 'generate']);
  expect(input<FinetuneInput>(asked, 'finetune')).toMatchObject({
    train: prepared.train,
    valid: prepared.valid,
    start: { model: prepared.base },
    training: { epochs: 9 },
  });
  expect(input<GenerateInput>(asked, 'generate')).toMatchObject({ prompts: prepared.train, tokenizer: prepared.tokenizer });
  const model = ref('finetune', 'finetune', 0, 'm');
  expect(result.state).toMatchObject({ first: model, model, written: [{ generation: 0, model }] });
  expect(result.index).not.toHaveProperty('follows');
});

test.each([
  [{ weight: 1, against: 'previous' }, 'later'],
  [{ weight: 1, toward: 'generation-0' }, 'first'],
] as const)('guidance %j: from generation 1 on a second model is there to write with', (guidance, which) => {
  const one = of({ decoding: { strategy: 'sample', guidance } as never }) as MixedStepMember;
  const { asked, result } = walk(one, 0, { prepared });
  const alone = input<GenerateInput>(asked, 'generate');
  expect([alone.decoding, 'guide' in alone]).toEqual([{ strategy: 'sample' }, false]);
  const models = { first: result.state.first!, later: ref('model', 'later') };
  const next = walk(one, 1, { ...result.state, model: models.later });
  expect(input<GenerateInput>(next.asked, 'generate')).toMatchObject({ decoding: one.decoding, guide: models[which] });
});

test('real text in place of writing: no model; records that model 0 would have trained on, as its texts would end', () => {
  const stop = { name: 'stop', settings: { minTokens: 1, maxTokens: 4 }, needs: { tokenizer: true } } as const;
  const dedupe = { name: 'dedupe', settings: {} };
  const whole = of({ writes: { kind: 'real-text' } }) as MixedStepMember;
  const scored = (one: MixedStepMember, result: GenerationResult) => scoreInput(one, { metrics: [] }, result);
  const asIs = walk(whole, 0, { prepared });
  expect([asIs.names, asIs.result.index]).toEqual([[], { generated: prepared.train, steps: {} }]);
  const { model, first, prompts, training, ...input0 } = scored(whole, asIs.result);
  expect([model, first, prompts, training]).toEqual([undefined, undefined, undefined, undefined]);
  expect(input0).toMatchObject({ generated: prepared.train, real: prepared.train, test: prepared.test });
  expect(input0).not.toHaveProperty('written0');

  const part = of({ sample: { size: 5, growth: 0 }, writes: { kind: 'real-text', through: [stop] }, postprocess: [dedupe] }) as MixedStepMember; // prettier-ignore
  const { names, asked, result } = walk(part, 0, { prepared });
  expect(names).toEqual(['sample', 'postprocess']);
  // the draw is that of every condition of the seed, so it is made once
  const usual = walk(of({ sample: { size: 5, growth: 0 } }) as MixedStepMember, 0, { prepared });
  expect(asked[0]).toEqual(usual.asked[0]);
  const drawn = ref('sample', 'sample', 0, 'm');
  expect(input<PostprocessInput>(asked, 'postprocess')).toMatchObject({ set: drawn, operators: [stop, dedupe], tokenizer: prepared.tokenizer }); // prettier-ignore
  expect(result.index).toMatchObject({ generated: ref('postprocess', 'postprocess', 0, 'm'), raw: drawn });
  expect(scored(part, result).generated).toEqual(ref('postprocess', 'postprocess', 0, 'm'));
});

test('a sample of the real records is what is real from then on', () => {
  const { names, result } = walk(of({ sample: { size: 5, growth: 0 } }) as MixedStepMember, 0, { prepared });
  expect(names).toEqual(['sample', 'finetune', 'generate']);
  expect(result.state.real).toEqual(ref('sample', 'sample', 0, 'm'));
  expect(result.index.steps.sample).toEqual({ key: sha256('sample'), cached: true, report: { n: 1 } });
});

test('a later generation trains on what was written, from where its member starts', () => {
  const before = walk(of() as MixedStepMember, 0, { prepared }).result.state;
  const start = (how: string) => {
    const { asked, names, result } = walk(of({ start: how } as never) as MixedStepMember, 1, before);
    expect(names).toEqual(['sample', 'finetune', 'generate']);
    expect(input<{ sets: object }>(asked, 'sample').sets).toEqual({ 'm/0': before.written![0].set });
    expect(result.index.follows).toBe(before.written![0].set.digest);
    expect(result.state.written!.map(({ generation }) => generation)).toEqual([1]);
    return input<FinetuneInput>(asked, 'finetune').start;
  };
  expect(start('previous')).toEqual({ model: before.model });
  expect(start('generation-0')).toEqual({ model: before.first });
  expect(start('base')).toEqual({ scratch: of().base, tokenizer: prepared.tokenizer });
});

test('what a member’s operators leave is what joins the pool; what it wrote is kept beside it', () => {
  const { names, result } = walk(of({ postprocess: [{ name: 'dedupe', settings: {} }] }) as MixedStepMember, 0, { prepared });
  expect(names).toEqual(['finetune', 'generate', 'postprocess']);
  const kept = ref('postprocess', 'postprocess', 0, 'm');
  expect(result.state.written![0].set).toEqual(kept);
  expect(result.index).toMatchObject({ generated: kept, raw: ref('generate', 'generate', 0, 'm') });
  expect(walk(of() as MixedStepMember, 0, { prepared }).result.index).not.toHaveProperty('raw');
});

test('a member that mixes its splits draws them by the same terms, is validated on them, and continues their prompts', () => {
  const weighted = { ...term('real', 0, { share: 0.5 }), lossWeight: 2 };
  const mixture = list(weighted, term('self', 'previous', { share: 0.5 }));
  const one = of({ mixture, sample: { size: 6, growth: 0 }, mixes: ['valid', 'test'], postprocess: [{ name: 'cut', settings: {} }] } as never) as MixedStepMember; // prettier-ignore
  const zeroth = walk(one, 0, { prepared });
  const writing = ['generate', 'postprocess', 'generate', 'postprocess', 'generate', 'postprocess'];
  expect(zeroth.names).toEqual(['sample', 'finetune', ...writing]);
  expect(input<FinetuneInput>(zeroth.asked, 'finetune').valid).toEqual(prepared.valid);
  expect(zeroth.result.index.mixed).toEqual({ valid: prepared.valid, test: prepared.test });
  const { asked, names, result } = walk(one, 1, zeroth.result.state);
  expect(names).toEqual(['sample', 'sample', 'sample', 'finetune', ...writing]);
  const [train, valid, test] = asked.flatMap(({ step, input }) => (step === 'sample' ? [input as SampleInput] : []));
  expect([train.split, valid.split, test.split]).toEqual([undefined, 'valid', 'test']);
  expect(train).toMatchObject({ sample: { size: 6 }, terms: [weighted, {}] });
  // as many as the split has, and all count alike
  expect(valid).not.toHaveProperty('sample');
  expect(valid.terms).toEqual([term('real', 0, { share: 0.5 }), term('self', 'previous', { share: 0.5 })]);
  expect(valid.sets).toEqual({ real: prepared.valid, 'm/0': zeroth.result.state.written![0].held!.valid });
  expect(test.sets).toMatchObject({ real: prepared.test });
  const written = asked.flatMap(({ step, input }) => (step === 'generate' ? [input as GenerateInput] : []));
  expect(written.map(({ split, prompts, count }) => [split, prompts, count])).toEqual([
    [undefined, zeroth.result.state.real, 6],
    ['valid', prepared.valid, undefined],
    ['test', prepared.test, undefined],
  ]);
  expect(Object.keys(result.index.steps)).toEqual(
    ['sample', 'sample-valid', 'sample-test', 'finetune', ...['', '-valid', '-test'].flatMap((split) => [`generate${split}`, `postprocess${split}`])], // prettier-ignore
  );
  const lots: OperatorPlan = { name: 'verify', settings: {}, needs: { draws: true } };
  const drawn = walk({ ...one, postprocess: [lots], mixture: list(weighted, { ...term('self', 'previous', { share: 0.5 }), through: [lots] }) } as never, 1, zeroth.result.state).asked; // prettier-ignore
  const operated = drawn.flatMap(({ step, input }) => (step === 'postprocess' ? [(input as PostprocessInput).split] : []));
  expect(operated).toEqual([undefined, 'valid', 'test', undefined, 'valid', 'test']);
  const sampled = ref('sample', 'sample', 1, 'm');
  expect(input<FinetuneInput>(asked, 'finetune').valid).toEqual(sampled);
  expect(scoreInput(one, { metrics: [] }, result)).toMatchObject({ test: prepared.test, mixed: sampled });
  // of what it continues where that is what it was trained on
  const previous = walk({ ...one, prompts: 'previous' } as MixedStepMember, 1, zeroth.result.state).asked;
  expect(previous.flatMap(({ step, input }) => (step === 'generate' ? [(input as GenerateInput).prompts] : []))).toEqual([sampled, sampled, sampled]); // prettier-ignore
});

test('what model 0 wrote is kept, before operators, for as long as a detector may learn from it', () => {
  const detected = { name: 'resample', settings: {}, needs: { observations: [{ observation: 'detection', under: 'first', by: 'detector' }] } }; // prettier-ignore
  const one = of({ postprocess: [detected] } as never) as MixedStepMember;
  const begun = walk(one, 0, { prepared });
  const raw = ref('generate', 'generate', 0, 'm');
  expect(begun.result.state.firstWritten).toEqual(raw);
  const later = walk(one, 1, begun.result.state);
  const asked = input<PostprocessInput>(later.asked, 'postprocess');
  expect(asked.detectors).toEqual({ first: { of: { seed: 1, generation: 0, member: 'm' }, real: prepared.train, written: raw } });
  expect(later.result.state.firstWritten).toEqual(raw);
  expect(walk(of() as MixedStepMember, 0, { prepared }).result.state).not.toHaveProperty('firstWritten');
});

test('a source is read once, and known from then on', () => {
  const one = of({ mixture: list(term('self', 'previous'), term('file:more.txt', 0)) } as never) as MixedStepMember;
  const before = walk(one, 0, { prepared }).result.state;
  const first = walk(one, 1, before);
  expect(first.names).toEqual(['view', 'sample', 'finetune', 'generate']);
  expect(input<object>(first.asked, 'view')).toMatchObject({ place: { seed: 0, generation: 0, member: '' }, reader: prepared.tokenizer }); // prettier-ignore
  expect(Object.keys(first.result.index.steps)).toContain('view-source');
  expect(walk(one, 2, first.result.state).names).toEqual(['sample', 'finetune', 'generate']);
});

test('a set that nobody has written is told as an error of ours', () => {
  const one = of() as MixedStepMember;
  expect(() => walk(one, 1, { prepared })).toThrow('internal: m/0 is not in the pool');
});

test('what is scored of it', () => {
  const one = of() as MixedStepMember;
  const { result } = walk(one, 0, { prepared });
  expect(scoreInput(one, { metrics: [] }, result)).toMatchObject({
    family: 'language-model',
    metrics: [],
    model: result.state.model,
    first: result.state.model,
    generated: result.state.written![0].set,
    prompts: prepared.train,
    real: prepared.train,
    test: prepared.test,
    written0: result.state.written![0].set,
  });
  // what model 0 wrote is known as long as model 0 is
  const later = walk(one, 2, walk(one, 1, result.state).result.state).result;
  const { first, generated, written0 } = scoreInput(one, { metrics: [] }, later);
  expect([first, written0]).toEqual([result.state.model, result.state.written![0].set]);
  expect(generated).not.toEqual(written0);
});

test('a sample leaves what is past of whom everything is read, but not in generation 0', () => {
  const place = { store: '', seed: 1, generation: 2, member: 'm', checkpointSeconds: 1 };
  const asked = { place, terms: [term('self', 'all'), term('w', 'all'), term('real', 0)], sets: {} };
  expect(pastOutputs(asked)).toEqual(['past/m', 'past/w']);
  expect(pastOutputs({ ...asked, place: { ...place, generation: 0 } })).toEqual([]);
});

test('members go beside each other but after those that they read in this generation; one that fails ends the generation', async () => {
  const members = [
    member({ name: 'reader', mixture: list(term('a', 'current')) }),
    member({ name: 'a', mixture: { kind: 'replace' } }),
    member({ name: 'b', mixture: { kind: 'replace' } }),
  ];
  const order: string[] = [];
  const before = Object.fromEntries(members.map(({ name }) => [name, { prepared }]));
  const go = (fails?: string) =>
    generationOf({ members }, 1, before, async (one, states) => {
      order.push(`${one.name} begins`);
      await new Promise(setImmediate);
      if (one.name === fails) throw new Error('no');
      order.push(`${one.name} ends`);
      if (one.name === 'reader') expect(states.a).toEqual({ prepared, marked: 'a' });
      return { state: { prepared, marked: one.name } } as unknown as GenerationResult;
    });
  const results = await go();
  expect(Object.keys(results).sort()).toEqual(['a', 'b', 'reader']);
  expect(order.slice(0, 2).sort()).toEqual(['a begins', 'b begins']);
  expect(order.indexOf('reader begins')).toBeGreaterThan(order.indexOf('a ends'));
  order.length = 0;
  await expect(go('a')).rejects.toThrow('no');
  expect(order).not.toContain('reader begins');
});
