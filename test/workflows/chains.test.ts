/** Generations of cheap chains, a step for many: where steps end, and what each goes on from. */
import { expect, test } from '@jest/globals';
import type { SimulateInput } from '../../activities/types.js';
import { digestOf } from '../../common/canonical.js';
import type { ChainRunPlan } from '../../kinds/chains/plan.js';
import type { MemberIndex } from '../../spec/documents.js';
import type { MixturePlan } from '../../spec/mixture.js';
import { moveChains } from '../../workflows/chains.js';
import type { Steps } from '../../workflows/proxies.js';
import { RunState } from '../../workflows/run-state.js';

const world = { family: 'gmm' } as never;
const replace: MixturePlan = { kind: 'replace' };
const one = (name: string, mixture: MixturePlan = replace) => ({ name, world, sample: { size: 9, growth: 0 }, mixture });
const plan = (more: Partial<ChainRunPlan> = {}) => ({ seeds: [1, 2], member: one('m'), ...more }) as ChainRunPlan;

/** Moves chains to a last generation. @param leaves the run goes on in a new execution when it is asked for the first time */
async function move(of: ChainRunPlan, state: RunState, { leaves = false } = {}) {
  const asked: SimulateInput[] = [];
  const recorded: [number, number, Readonly<Record<string, MemberIndex>>][] = [];
  let due = 0;
  const simulate = async (input: SimulateInput) => {
    asked.push(input);
    const ref = (kind: string) => ({ kind, digest: digestOf([kind, input.to, input.place.member]), size: 1 });
    const names = [input.member, ...(input.tied ?? []).map(({ member }) => member)].map(({ name }) => name);
    const series = Object.fromEntries(names.map((name) => [input.tied ? `series-${name}` : 'series', ref(`series-${name}`)]));
    return { key: digestOf(input), cached: false, outputs: { state: ref('state'), ...series }, report: { chains: 2 } };
  };
  const left = new Error('goes on elsewhere');
  await moveChains(of, state, {
    steps: { simulate } as unknown as Steps,
    step: (_, call) => call(),
    place: (generation, member) => ({ store: 's', seed: 1, generation, member, checkpointSeconds: 1 }),
    record: (...what) => recorded.push(what),
    leaveIfDue: async () => {
      due++;
      if (leaves) throw left;
    },
    enter: () => undefined,
  }).catch((error: unknown) => {
    if (error !== left) throw error;
  });
  return { asked, recorded, due, spans: asked.map(({ place, to }) => [place.generation, to]) };
}

test('steps end at fixed generations, each goes on from the state before, and the run may leave between them', async () => {
  const { asked, recorded, spans, due } = await move(plan(), new RunState(120));
  expect(spans).toEqual([[0, 49], [50, 99], [100, 120]]); // prettier-ignore
  expect(asked.map(({ state }) => state?.digest)).toEqual([
    undefined,
    digestOf(['state', 49, 'm']),
    digestOf(['state', 99, 'm']),
  ]);
  expect(due).toBe(2);
  expect(recorded.map(([from, to]) => [from, to])).toEqual(spans);
  expect(recorded[0][2].m).not.toHaveProperty('follows');
  expect(recorded[1][2].m).toMatchObject({ follows: digestOf(['state', 49, 'm']), steps: { simulate: { cached: false } } });
});

test('an extended experiment does its last, shorter step again in full length', async () => {
  const state = new RunState(60);
  await move(plan(), state);
  state.extend(130);
  const { spans, asked } = await move(plan(), state);
  expect(spans).toEqual([[50, 99], [100, 130]]); // prettier-ignore
  expect(asked[0].state?.digest).toBe(digestOf(['state', 49, 'm']));
});

test('where it is due it leaves before the next step, and goes on there', async () => {
  const state = new RunState(120);
  expect((await move(plan(), state, { leaves: true })).spans).toEqual([[0, 49]]);
  const next = new RunState(120, false, JSON.parse(JSON.stringify(state.carried())) as ReturnType<RunState['carried']>);
  expect((await move(plan(), next)).spans).toEqual([[50, 99], [100, 120]]); // prettier-ignore
});

test('settings change at a step’s beginning, and each step is told the mixtures from which generation on', async () => {
  const accumulate: MixturePlan = { kind: 'accumulate' };
  const { spans, asked } = await move(plan({ phases: [{ from: 20, members: [one('m', accumulate)] }] }), new RunState(60));
  expect(spans).toEqual([[0, 19], [20, 49], [50, 60]]); // prettier-ignore
  expect(asked.map(({ mixture }) => mixture.kind)).toEqual(['replace', 'accumulate', 'accumulate']);
  for (const { phases } of asked) expect(phases).toEqual([{ from: 0, mixture: replace }, { from: 20, mixture: accumulate }]); // prettier-ignore
  // what a member's mixture is stands in its part, not in the member
  expect(asked[0].member).not.toHaveProperty('mixture');
  expect((await move(plan(), new RunState(1))).asked[0]).not.toHaveProperty('phases');
});

test('members that learn from each other are one step, each with a series of its own', async () => {
  const { asked, recorded } = await move(plan({ tied: [one('n')] }), new RunState(10));
  expect(asked[0].place.member).toBe('m+n');
  expect(asked[0].tied).toEqual([{ member: { name: 'n', world, sample: { size: 9, growth: 0 } }, mixture: replace }]);
  const [, , members] = recorded[0];
  expect(members.m.series).not.toEqual(members.n.series);
  expect(members.m.model).toEqual(members.n.model);
});
