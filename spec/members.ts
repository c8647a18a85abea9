/** Which members' steps are activities, and which are moved on as whole chains. Pure; workflows use it. */
import { STEP_FAMILIES, type KindPlans } from '../kinds/plans.js';
import type { ChainMemberPlan } from '../kinds/chains/plan.js';
import type { Phased } from './phases.js';
import type { ConditionPlan, DataPlans, ExperimentPlan, MemberPlan, Mixed, MixedStepMember, StepMember } from './plan.js';

export const isChainMember = (member: MemberPlan): member is ChainMemberPlan => 'world' in member;
const isStepMember = (member: MemberPlan): member is StepMember => !isChainMember(member);

/** The real data that a kind's members learn from. */
export type DataKind = keyof DataPlans;

export const dataKind = (member: MemberPlan): DataKind => (isChainMember(member) ? 'chains' : stepKind(member));

/** The kind of a member whose steps are activities. */
export function stepKind({ family }: Pick<StepMember, 'family'>): keyof KindPlans {
  const kinds = Object.entries(STEP_FAMILIES) as [keyof KindPlans, readonly string[]][];
  return kinds.find(([, families]) => families.includes(family))![0];
}

/** The members of a plan whose steps are activities. */
export const stepMembers = ({ population }: Pick<ExperimentPlan, 'population'>): readonly StepMember[] =>
  population.filter(isStepMember);

export const chainMembers = ({ population }: Pick<ExperimentPlan, 'population'>): readonly ChainMemberPlan[] =>
  population.filter(isChainMember);

/** A condition as those of its members have it whose steps are activities. */
export function stepPart({ members, phases }: ConditionPlan): Phased<MixedStepMember> {
  const steps = (some: readonly Mixed<MemberPlan>[]) => some.filter((one): one is MixedStepMember => isStepMember(one));
  return {
    members: steps(members),
    ...(phases && { phases: phases.map((phase) => ({ from: phase.from, members: steps(phase.members) })) }),
  };
}

/** A condition as one of its chains' members has it; of phases those that change it. */
export function chainPart(
  { members, phases = [] }: ConditionPlan,
  name: string,
): { member: Mixed<ChainMemberPlan>; phases?: { from: number; members: [Mixed<ChainMemberPlan>] }[] } {
  // prettier-ignore
  const find = (some: readonly Mixed<MemberPlan>[]) => some.find((one) => one.name === name) as Mixed<ChainMemberPlan>;
  const member = find(members);
  let before = JSON.stringify(member);
  const changing = phases.flatMap(({ from, members: later }): { from: number; members: [Mixed<ChainMemberPlan>] }[] => {
    const now = JSON.stringify(find(later));
    if (now === before) return [];
    before = now;
    return [{ from, members: [find(later)] }];
  });
  return { member, ...(changing.length > 0 && { phases: changing }) };
}
