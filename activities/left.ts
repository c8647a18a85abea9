/** left: what a run has left, read from its documents, as evaluations ask for it. */
import { activityInfo } from '@temporalio/activity';
import { HabsburgError } from '../common/errors.js';
import { readRunOf, readStretch } from '../documents/runs.js';
import { leftBy, type RunDocument } from '../spec/documents.js';
import { membersAt } from '../spec/phases.js';
import type { RunPlan } from '../spec/plan.js';
import { writesRealText } from '../spec/real-text.js';
import { inputName, scoredOf } from '../spec/scored.js';
import { toFailure } from './failures.js';
import type { Activities, ActivityDependencies, Left, LeftInput } from './types.js';

export function leftActivity(deps: ActivityDependencies): Activities['left'] {
  return async (input) => {
    try {
      return await left(deps, input);
    } catch (error) {
      throw toFailure(error, `reading what ${input.run.id} has left`, activityInfo().attempt);
    }
  };
}

async function left(deps: ActivityDependencies, { store: url, plan, run, from, most }: LeftInput): Promise<Left[]> {
  const store = deps.openStore(url);
  const own = await readRunOf(store, run, plan);
  if (own === undefined) return [];
  const { first: zero, generations } = await readStretch(store, run, plan, from, most);
  return generations.map(({ generation, members }) => ({
    generation,
    members: membersAt(run, generation).flatMap((member) => {
      const index = members[member.name];
      const { model, generated, prompts, mixed, dataset: training } = index ?? {};
      const of = index && leftBy(index);
      const { model: first, generated: written0 } = zero?.members[member.name] ?? {};
      const of0 = (role: string) => own.inputs?.[inputName(run.members.length, member.name, role)];
      const [real, test] = [of0('train'), of0('test')];
      const wrote = writesRealText(member) || (model && prompts && first);
      if (!of || !wrote || !generated || !real || !test) throw tooOld(run, generation, own);
      return [
        {
          name: member.name,
          of,
          input: scoredOf(member, run, {
            ...{ model, generated, prompts, real, test, first, training, truth: of0('truth') },
            ...(mixed?.test && { mixed: mixed.test }),
            ...(written0 && model && { written0 }),
          }),
        },
      ];
    }),
  }));
}

function tooOld(run: RunPlan, generation: number, { experiment }: RunDocument): HabsburgError {
  return new HabsburgError(
    'invalid',
    `the document of generation ${generation} of ${run.id} does not say all that is to be scored; run ${experiment} again, which writes it anew (finished steps are reused)`,
  );
}
