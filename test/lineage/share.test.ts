/** The human share: against the law of a chain that keeps a share s of people's texts, sums that are made by hand, and what is not known. */
import { expect, test } from '@jest/globals';
import { addStatement } from '../../artifacts/statements.js';
import { sourceAbout, sourceStatement } from '../../artifacts/source.js';
import { sha256 } from '../../common/canonical.js';
import { CounterRng } from '../../common/philox.js';
import { trainEpochs } from '../../engine/train/loop.js';
import { readGraph } from '../../lineage/graph.js';
import { shareAbout, shareStatement, type ShareFacts } from '../../lineage/share-statement.js';
import { attestShare, checkShares, shareOf } from '../../lineage/share.js';
import { Toy, record } from './toy.js';
import { signer } from '../support/signer.js';

const shareIn = async (toy: Toy, model: string) => shareOf(toy.store, await readGraph(toy.store), toy.made[model]);
const code = { version: '0', digest: sha256('code') };
const depths = ({ depth }: ShareFacts) => Object.fromEntries(depth.map(({ depth: k, share }) => [k, Number(share)]));

test.each([
  [5, 0],
  [5, 0.1],
  [9, 0.5],
  [12, 0.25],
])('%d generations that keep %f of the people’s texts: s(1-s)^k went through k models, (1-s)^T through all', async (T, s) => {
  const toy = new Toy();
  await toy.chain(T, s, 20);
  const share = await shareIn(toy, `model/${T}`);
  const law = Array.from({ length: T + 1 }, (_, k) => (k < T ? s * (1 - s) ** k : (1 - s) ** T));
  const found = depths(share);
  for (const [k, expected] of law.entries()) expect(found[k] ?? 0).toBeCloseTo(expected, 11);
  // 20 records of 8 tokens, twice
  expect(share.lastFit).toMatchObject({
    exposures: { tokens: '320', records: '40' },
    human: { tokens: String(320 * s), records: String(40 * s) },
    synthetic: { tokens: String(320 * (1 - s)) },
    unknown: { tokens: '0' },
    humanShare: s.toFixed(12),
    atMost: false,
  });
  // every model began with fresh weights: its life is its last fit
  expect(share.lifetime).toEqual({ fits: 1, start: 'scratch', lower: s.toFixed(12), upper: s.toFixed(12) });
});

test('what nobody vouches for is unknown and stays so through every model; a claim that comes later changes that and nothing else', async () => {
  const toy = new Toy();
  await toy.chain(2, 0.5, 8, {});
  const before = await shareIn(toy, 'model/2');
  expect(before.lastFit).toMatchObject({ human: { tokens: '0' }, unknown: { tokens: '64' }, humanShare: '0.000000000000' });
  expect(before.lifetime).toMatchObject({ lower: '0.000000000000', upper: '0.500000000000' });
  expect(depths(before)).toEqual({ unknown: 1 });
  const claim = (origin: 'human' | 'synthetic') => addStatement(toy.store, sourceAbout(toy.made.people), sourceStatement(toy.made.people, { name: 'people', origin, kept: true }), signer); // prettier-ignore
  await claim('human');
  const after = await shareIn(toy, 'model/2');
  expect(depths(after)).toEqual({ 0: 0.5, 1: 0.25, 2: 0.25 });
  expect(after.sources).toMatchObject([
    {
      claim: 'human',
      claimedBy: [{ key: expect.stringMatching(/^[0-9a-f]{64}$/), statement: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    },
  ]);
  await claim('synthetic');
  const both = await shareIn(toy, 'model/2');
  expect([both.sources[0].claim, depths(both)]).toEqual(['contradictory', { unknown: 1 }]);
});

test('tokens count as often as they are seen: passes, a last one that is not whole, prompts that the loss leaves out, joined rows', async () => {
  const toy = new Toy();
  await toy.people(4);
  const prompt = { tokens: 3, text: 'why ' };
  const asked = (id: string, by: string, length: number, of?: string) => record(id, by === 'real' ? { kind: 'real', source: 'file:people' } : { kind: 'generated', member: 'opt', generation: 0, model: toy.made[by].digest, prompt: of! }, `${id}é`, length, prompt); // prettier-ignore
  await toy.dataset('asked', [asked('train/0', 'real', 5), asked('train/1', 'real', 7)], {}, { step: 'prepare', seed: 2 }, { train: 'people' }); // prettier-ignore
  await toy.selection('all', [['asked', 0, 2]], { seed: 2 });
  await toy.model('first', 'all', { seed: 2 });
  await toy.dataset('answers', [asked('g0/opt/0', 'first', 4, 'train/0'), asked('g0/opt/1', 'first', 2, 'train/1')], { model: 'first', prompts: 'all' }, { step: 'generate', seed: 2 }); // prettier-ignore
  await toy.selection('mixed', [['asked', 0, 1], ['answers', 0, 2]], { seed: 3 }); // prettier-ignore

  // a prompt that a person wrote stays theirs: (3 + 5) + 3 + 3 human, 4 + 2 not, twice; "train/0é" has 8 bytes, "g0/opt/0é" 10, "why " 4
  await toy.model('told', 'mixed', {}, { lossOn: 'all' });
  expect((await shareIn(toy, 'told')).lastFit).toMatchObject({
    human: { tokens: '28', bytes: String(2 * (4 + 9 + 4 + 4)), records: '2' },
    synthetic: { tokens: '12', bytes: String(2 * (10 + 10)), records: '4' },
  });
  await toy.model('answering', 'mixed', {}, { lossOn: 'answer' });
  expect((await shareIn(toy, 'answering')).lastFit).toMatchObject({
    human: { tokens: '10', bytes: '18', records: '2' },
    synthetic: { tokens: '12', records: '4' },
  });
  // rows of 8, 7 and 5 tokens cut into blocks of 6 (6 6 6 2): two whole passes of four blocks, one of them seen a third time
  const settings = { lossOn: 'all', packing: 6, batch: 1, epochs: undefined, maxSteps: 9 };
  await toy.model('packed', 'mixed', { seed: 4 }, settings);
  const [block] = new CounterRng({ seed: 4, generation: 0, member: '', step: 'finetune' }).permutation(4, 2);
  // by hand, tokens of people in each block: row 1 is theirs, rows 2 and 3 begin with 3 of theirs
  const human = [6, 2 + 3, 3, 0];
  const size = [6, 6, 6, 2];
  expect((await shareIn(toy, 'packed')).lastFit).toMatchObject({
    passes: '2.250000000000',
    exposures: { tokens: String(40 + size[block]) },
    human: { tokens: String(28 + human[block]) },
  });
  // where the loss is of answers, blocks of prompts alone are not trained on
  await toy.model('packed-answers', 'mixed', {}, { lossOn: 'answer', packing: 3 });
  // blocks of 3: ppp aaa aa|p pp|a aaa|pp p|aa: none of prompts alone but the first, whose tokens are masked anyway
  expect((await shareIn(toy, 'packed-answers')).lastFit).toMatchObject({ human: { tokens: '10' }, synthetic: { tokens: '12' } });
});

test('a pass that is not whole saw the records that its order begins with', async () => {
  const toy = new Toy();
  await toy.people(6);
  const lengths = [3, 5, 7, 11, 13, 17];
  const written = lengths.map((length, i) => record(`train/${i}`, { kind: 'real', source: 'file:people' }, 'x', length));
  await toy.dataset('uneven', written, {}, { step: 'prepare', seed: 2 }, { train: 'people' });
  await toy.model('brief', 'uneven', { seed: 9, generation: 3, member: 'opt' }, { epochs: undefined, maxSteps: 5, batch: 2 });
  // by the loop that trains, asked what it takes
  let tokens = 0;
  await trainEpochs({
    settings: {
      learningRate: 1,
      schedule: 'constant',
      minLearningRate: 0,
      scheduleUnit: 'step',
      warmup: 0,
      maxSteps: 5,
      select: 'last',
    },
    examples: 6,
    perStep: 2,
    rng: new CounterRng({ seed: 9, generation: 3, member: 'opt', step: 'finetune' }),
    run: sha256('run'),
    optimizer: { weights: new Map() } as unknown as Parameters<typeof trainEpochs>[0]['optimizer'],
    selected: new Map(),
    step: async (examples) => {
      for (const one of examples) tokens += lengths[one];
      return { nllSum: 1, targetCount: 1, size: 1 };
    },
    validate: async () => null,
  });
  expect((await shareIn(toy, 'brief')).lastFit).toMatchObject({ exposures: { tokens: String(tokens), records: '10' } });
  await toy.model('patient', 'uneven', {}, { select: 'best' });
  expect((await shareIn(toy, 'patient')).lastFit).toMatchObject({ atMost: true, passes: '2.000000000000' });
});

test('what an operator changed is neither people’s nor a machine’s, and keeps its depth', async () => {
  const toy = new Toy();
  await toy.people(4);
  const cut = toy.recordsOf('real').map((one, i) => (i < 3 ? one : { ...one, tokens: one.tokens.slice(0, 4), text: 'p' }));
  await toy.dataset('cut', cut, { set: 'real' }, { step: 'postprocess' });
  await toy.model('of-cut', 'cut');
  expect((await shareIn(toy, 'of-cut')).lastFit).toMatchObject({ human: { tokens: '48' }, transformed: { tokens: '8' }, synthetic: { tokens: '0' } }); // prettier-ignore
  await toy.texts('said', 'of-cut', 'real');
  await toy.dataset('said/cut', toy.recordsOf('said').map((one) => ({ ...one, tokens: [1, 2] })), { set: 'said' }, { step: 'postprocess' }); // prettier-ignore
  await toy.model('of-said', 'said/cut');
  const share = await shareIn(toy, 'of-said');
  expect([share.lastFit!.transformed.tokens, depths(share)]).toEqual(['16', { 1: 1 }]);
});

test('over a life that began with an imported model the bounds are 0 and 1; along fits that go on they are the sums', async () => {
  const toy = new Toy();
  await toy.people(4);
  await toy.model('a', 'real');
  await toy.texts('a/texts', 'a', 'real');
  await toy.model('b', 'a/texts', { generation: 1 }, { epochs: 1 }, 'a');
  const b = await shareIn(toy, 'b');
  expect([b.lastFit!.humanShare, b.lifetime]).toEqual(['0.000000000000', { fits: 2, start: 'scratch', lower: (2 / 3).toFixed(12), upper: (2 / 3).toFixed(12) }]); // prettier-ignore
  expect([b.depth, b.startDepth]).toEqual([[{ depth: 1, share: '1.000000000000' }], [{ depth: 0, share: '1.000000000000' }]]);
  await toy.step('base', 'model', { 'model.safetensors': 'from elsewhere' }, {}, { step: 'prepare' }, { base: 'people' });
  await toy.model('tuned', 'real', {}, {}, 'base');
  expect((await shareIn(toy, 'tuned')).lifetime).toEqual({ fits: 1, start: 'unknown', lower: '0.000000000000', upper: '1.000000000000' }); // prettier-ignore
  const base = await shareIn(toy, 'base');
  expect([base.lastFit, depths(base), base.lifetime.upper]).toEqual([null, { unknown: 1 }, '1.000000000000']);
});

test('statements that go round in a circle are refused, not followed', async () => {
  const toy = new Toy();
  await toy.people(2);
  await toy.model('a', 'real');
  await toy.texts('a/texts', 'a', 'real');
  await toy.step('a', 'model', { 'config.json': '{}', 'model.safetensors': 'weights of a' }, { train: 'a/texts' }, { parameters: { training: { epochs: 1, batch: 1 } }, seed: -5 }); // prettier-ignore
  const graph = await readGraph(toy.store);
  const makers = new Map(graph.makers);
  const { digest } = toy.made.a;
  makers.set(digest, makers.get(digest)!.filter(({ seed }) => seed === -5)); // prettier-ignore
  await expect(shareOf(toy.store, { ...graph, makers }, toy.made.a)).rejects.toMatchObject({ kind: 'verification', message: expect.stringContaining('written itself') }); // prettier-ignore
  await expect(shareOf(toy.store, graph, toy.made.real)).rejects.toMatchObject({ kind: 'invalid' });
});

test('a share that is stated is computed again: one that was changed is named, in any of its numbers', async () => {
  const toy = new Toy();
  await toy.chain(2, 0.25, 8);
  const model = toy.made['model/2'];
  const check = async () => checkShares(toy.store, await readGraph(toy.store), [model]);
  const share = await shareIn(toy, 'model/2');
  await attestShare(toy.store, model, share, code, signer);
  await attestShare(toy.store, model, share, { ...code, version: '1' }, signer);
  expect(await check()).toEqual([]);
  // who says the same of the source elsewhere makes no number wrong
  await addStatement(toy.store, sourceAbout(toy.made.people), sourceStatement(toy.made.people, { name: 'The people', origin: 'human', kept: true }), signer); // prettier-ignore
  expect(await check()).toEqual([]);
  const about = shareAbout(model);
  const state = async (facts: ShareFacts) => addStatement(toy.store, about, shareStatement(model, facts, code), signer);
  const forged: ShareFacts[] = [
    { ...share, lastFit: { ...share.lastFit!, humanShare: '0.260000000000' } },
    { ...share, lastFit: { ...share.lastFit!, human: { ...share.lastFit!.human, tokens: '33' } } },
    { ...share, lifetime: { ...share.lifetime, upper: '1.000000000000' } },
    { ...share, depth: share.depth.slice(1) },
    { ...share, sources: [] },
    { ...share, sources: [{ ...share.sources[0], claim: 'unknown' }] },
    { ...share, statements: { ...share.statements, count: 99 } },
  ];
  for (const [i, facts] of forged.entries()) {
    const statement = await state(facts);
    expect([i, await check()]).toEqual([i, [expect.objectContaining({ verdict: 'disagrees', statement })]]);
    for (const key of [...toy.objects.objects.keys()]) if (key === `statements/${about}/${statement.slice(7)}.json`) toy.objects.objects.delete(key); // prettier-ignore
  }
  const key = [...toy.objects.objects.keys()].find((one) => one.startsWith(`statements/${about}/`))!;
  const bent = Buffer.from(toy.objects.objects.get(key)!);
  bent[bent.length - 9] ^= 1;
  toy.objects.objects.set(key, bent);
  expect(await check()).toMatchObject([{ verdict: 'unreadable' }]);
});
