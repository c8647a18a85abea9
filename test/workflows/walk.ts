/** Walks a run's generations without a server, over sets of records that are only names. */
import type { StepResult } from '../../activities/types.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import { sha256, type Digest } from '../../common/canonical.js';
import { CounterRng } from '../../common/philox.js';
import { drawingOf, select } from '../../pool/select.js';
import { pastsRead, setName, setsOf, type MixturePlan, type SamplePlan, type Term } from '../../spec/mixture.js';
import type { OperatorPlan } from '../../spec/operator-plan.js';
import type { TextDataPlan } from '../../kinds/text/plan.js';
import type { MixedStepMember } from '../../spec/plan.js';
import { generationOf, memberGeneration, type MemberStates, type StepCall } from '../../workflows/generation.js';

export const term = (from: Term['from'], generation: Term['generation'], take: Term['take'] = 'all', draw: Term['draw'] = 'redrawn'): Term => ({ from, generation, take, draw }); // prettier-ignore
export const list = (...terms: Term[]): MixturePlan => ({ kind: 'terms', terms });

export interface Some {
  readonly name: string;
  readonly mixture: MixturePlan;
  readonly sample?: SamplePlan;
  readonly tokenizer?: string;
  readonly postprocess?: readonly OperatorPlan[];
}
export const member = ({ name, mixture, sample, postprocess }: Some): MixedStepMember =>
  ({
    name,
    mixture,
    ...(sample && { sample }),
    ...(postprocess && { postprocess }),
    family: 'language-model',
    base: { kind: 'scratch', config: { model_type: 'opt' } },
    start: 'base',
    training: {},
    decoding: {},
    prompts: 'original',
  }) as MixedStepMember;

/** Walks generations 0 … last over sets of records that are only names: `real`, or `member@generation`. */
export async function walk(
  some: readonly Some[],
  last: number,
  real = 12,
  phases?: readonly { from: number; some: readonly Some[] }[],
) {
  const sets = new Map<Digest, readonly string[]>();
  const keep = (records: readonly string[], label: string, kind: ArtifactRef['kind'] = 'dataset'): ArtifactRef => {
    const digest = sha256(`${label} ${records.join()}`);
    sets.set(digest, records);
    return { kind, digest, size: 0 };
  };
  const run = {
    members: some.map(member),
    ...(phases && { phases: phases.map(({ from, some: then }) => ({ from, members: then.map(member) })) }),
  };
  const asked: string[] = [];
  const trained: Record<string, Record<string, number>[]> = Object.fromEntries(some.map(({ name }) => [name, []]));
  const going = { now: 0, most: 0 };

  const perform = ({ step, input }: StepCall): StepResult['outputs'] => {
    const { place } = input;
    asked.push(`g${place.generation}/${place.member}/${step}`);
    if (step === 'view') {
      if ('source' in input) {
        const { digest } = 'like' in input ? input.like : input.reader;
        return { view: keep(new Array<string>(5).fill(input.source), `view ${digest}`) };
      }
      const text = sets.get(input.set.digest)!;
      // the reader's blocks are half as long
      return { view: keep(text.flatMap((record) => [record, record]), `view ${input.reader.digest}`) }; // prettier-ignore
    }
    if (step === 'postprocess') {
      // an operator is called as the records that it leaves; what went through one says so
      const [{ name: left }] = input.operators;
      const kept = sets.get(input.set.digest)!.slice(0, Number(left.slice('first-'.length)));
      return { kept: keep(kept.map((record) => `${record}~`), 'kept', 'selection') }; // prettier-ignore
    }
    if (step === 'sample') {
      const of = (name: string) => sets.get(input.sets[name].digest)!;
      const { terms } = input;
      const runs = select({
        ...drawingOf({ ...input, generation: place.generation }, () => of('real').length),
        self: place.member,
        generation: place.generation,
        sizes: new Map(Object.keys(input.sets).map((name) => [name, of(name).length])),
        rngOf: (generation) => new CounterRng({ seed: 1, generation, member: place.member, step: 'sample' }),
      });
      const outputs: Record<string, ArtifactRef> = {};
      const train = runs.flatMap(({ set, first, count }) => of(set).slice(first, first + count));
      outputs.train = keep(train, 'train', 'selection');
      if (place.generation > 0)
        for (const { name, writer, term: one } of pastsRead(terms, place.member)) {
          const all = setsOf({ ...one, from: writer }, place.member, place.generation).flatMap((set) => of(setName(set)));
          outputs[`past/${name}`] = keep(all, `past ${name}`, 'selection');
        }
      return outputs;
    }
    if (step === 'finetune') {
      const counts: Record<string, number> = {};
      for (const record of sets.get(input.train.digest)!) counts[record] = (counts[record] ?? 0) + 1;
      trained[place.member].push(counts);
      return { model: keep([`model ${place.member} ${place.generation}`], 'model', 'model') };
    }
    const count = input.count ?? sets.get(input.prompts.digest)!.length;
    return { generated: keep(new Array<string>(count).fill(`${place.member}@${place.generation}`), 'written') };
  };

  const data = { text: { block: 8, packing: 'bos-line' } as TextDataPlan };
  const train = keep(new Array<string>(real).fill('real'), 'real');
  let states: MemberStates = Object.fromEntries(
    some.map(({ name, tokenizer = 'shared' }) => [
      name,
      { prepared: { train, valid: train, test: train, tokenizer: keep([tokenizer], 'tokenizer', 'tokenizer') } },
    ]),
  );
  const held: number[] = [];
  for (let t = 0; t <= last; t++) {
    const results = await generationOf(run, t, states, async (one, before) => {
      going.most = Math.max(going.most, ++going.now);
      const place = { store: '', seed: 1, generation: t, member: one.name, checkpointSeconds: 0 };
      const steps = memberGeneration({ ...run, data }, one, place, before);
      let next = steps.next();
      while (!next.done) {
        await new Promise(setImmediate);
        next = steps.next({ key: sha256('k'), cached: false, outputs: perform(next.value), report: {} });
      }
      going.now--;
      return next.value;
    });
    states = Object.fromEntries(Object.entries(results).map(([name, { state }]) => [name, state]));
    held.push(
      Object.values(states).reduce((sum, { written, past }) => sum + written!.length + Object.keys(past ?? {}).length, 0),
    );
  }
  return { trained, asked, most: going.most, held };
}
