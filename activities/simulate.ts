/**
 * simulate: chains of a cheap family, a block of seeds over a range of generations, in one job. Outputs `state` (to go on from)
 * and `series` (every measure by generation and seed); of members that move on together, `series-<member>` of each.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../common/canonical.js';
import { resolveSource, type SourceOrigin } from '../data/source.js';
import { wholeText } from '../data/text.js';
import type { ChainPart } from '../kinds/chains/plan.js';
import { familyNamed } from '../kinds/chains/host/index.js';
import { claimed } from './sources.js';
import { runStep } from './step.js';
import type { ActivityDependencies, SimulateInput, StepResult } from './types.js';

const VERSION = 2;

export function simulateActivity(deps: ActivityDependencies) {
  return (input: SimulateInput): Promise<StepResult> => {
    const { place, member, mixture, phases, tied, seeds, to, state } = input;
    const name = (of: ChainPart) => (tied ? `series-${of.member.name}` : 'series');
    const family = member.world.family;
    let text: { train: string; test: string } | undefined;
    let origins: Record<string, SourceOrigin> = {};
    return runStep(
      deps,
      {
        step: 'simulate',
        version: VERSION,
        place,
        inputs: state ? { state } : {},
        // The key is made of what the text holds now, not of where it is.
        parameters: async () => {
          const { name: _, ...determining } = member;
          if (input.data) {
            const { data, sources } = input;
            const read = async (split: 'train' | 'test') => {
              const { place, origin } = await resolveSource(data[split], { split, grammar: data.grammar, sources });
              origins = { ...origins, [split]: origin };
              return wholeText(place);
            };
            text = { train: await read('train'), test: await read('test') };
          }
          return {
            ...determining,
            familyVersion: familyNamed(family).version,
            measures: familyNamed(family).measures.map(({ metric, variant, version }) => `${metric}/${variant}@${version}`),
            mixture,
            ...(phases && { phases }),
            // the draws are keyed by names: one alone has its own in the step's place
            ...(tied && { name: member.name, tied }),
            seeds,
            to,
            ...(text ? { text: { train: sha256(text.train), test: sha256(text.test) } } : {}),
          };
        },
        sources: () => claimed(origins, input.claims),
        // plain double arithmetic: neither the inference engine nor the processor takes part
        engine: false,
      },
      async (step) => {
        const outState = await step.folder('state');
        const outSeries = await step.folder(name(input));
        const others = await Promise.all(
          (tied ?? []).map(async (part) => ({ ...part, outSeries: await step.folder(name(part)) })),
        );
        const folder = await step.folder('text');
        for (const split of ['train', 'test'] as const) if (text) await writeFile(join(folder, split), text[split]);
        const report = await step.run(
          {
            op: 'simulate',
            family,
            member,
            mixture,
            ...(phases && { phases }),
            ...(tied && { tied: others }),
            seeds,
            from: place.generation,
            to,
            ...(state ? { state: await step.input(state) } : {}),
            ...(text ? { text: { train: join(folder, 'train'), test: join(folder, 'test') } } : {}),
            outState,
            outSeries,
          },
          { checkpoints: true },
        );
        return {
          outputs: {
            state: { kind: 'model', folder: outState, facts: { generation: to, chains: seeds.length } },
            ...Object.fromEntries(
              [{ ...input, outSeries }, ...others].map((part) => [
                name(part),
                { kind: 'scores' as const, folder: part.outSeries, facts: { from: place.generation, to, chains: seeds.length } },
              ]),
            ),
          },
          report,
        };
      },
    );
  };
}
