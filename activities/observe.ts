/** observe: a model looks at every record of a dataset. Output `table`, a row a record; evaluations read it. */
import type { ArtifactRef } from '../artifacts/types.js';
import { instrumentOf } from '../observations/index.js';
import { recordsOf } from './sets.js';
import { runStep } from './step.js';
import type { ActivityDependencies, StepPlace, StepResult } from './types.js';

export interface ObserveInput {
  readonly place: StepPlace;
  readonly observation: string;
  /** absent: none looks (Declared.modelFree) */
  readonly model?: ArtifactRef;
  readonly data: ArtifactRef;
  /** how the member reads; the observation takes of it what it has a setting for */
  readonly settings: Readonly<Record<string, unknown>>;
}

export async function observe(deps: ActivityDependencies, input: ObserveInput): Promise<StepResult> {
  const { place, model, data, observation } = input;
  const instrument = await instrumentOf(observation);
  const known = Object.keys(instrument.settings.shape);
  const settings = instrument.settings.parse(
    Object.fromEntries(Object.entries(input.settings).filter(([name]) => known.includes(name))),
  );
  return runStep(
    deps,
    {
      step: 'observe',
      version: instrument.version,
      place,
      inputs: { ...(model && { model }), data },
      parameters: { observation, settings },
      engine: true,
    },
    async (step) => {
      const out = await step.folder('table');
      const report = await step.run({
        op: 'observe',
        observation,
        settings,
        model: model ? await step.input(model) : '',
        data: await recordsOf(step, data),
        out,
      });
      return { outputs: { table: { kind: 'table', folder: out, facts: { records: Number(report.records) } } }, report };
    },
  );
}
