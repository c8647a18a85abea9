/** Which members' steps are activities, and which are moved on as whole chains. Pure; workflows use it. */
import { STEP_FAMILIES, type KindPlans } from '../kinds/plans.js';
import type { ChainMemberPlan } from '../kinds/chains/plan.js';
import { sourcesOf, termsOf } from './mixture.js';
import type { OperatorPlan } from './operator-plan.js';
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

/** All operators of a member: on what it writes, and on what its terms read. */
export function operatorsOf(member: Mixed<MemberPlan>): readonly OperatorPlan[] {
  const own = 'postprocess' in member ? (member.postprocess ?? []) : [];
  return [...own, ...termsOf(member.mixture).flatMap(({ through = [] }) => through)];
}

/** A condition as those of its members have it whose steps are activities. */
export function stepPart({ members, phases }: ConditionPlan): Phased<MixedStepMember> {
  const steps = (some: readonly Mixed<MemberPlan>[]) => some.filter((one): one is MixedStepMember => isStepMember(one));
  return {
    members: steps(members),
    ...(phases && { phases: phases.map((phase) => ({ from: phase.from, members: steps(phase.members) })) }),
  };
}

type ChainMembers = readonly Mixed<ChainMemberPlan>[];

/** A condition as chains that move on together have it, in the population's order; of phases those that change one of them. */
export function chainPart(
  { members, phases = [] }: ConditionPlan,
  names: readonly string[],
): { member: Mixed<ChainMemberPlan>; tied?: ChainMembers; phases?: { from: number; members: ChainMembers }[] } {
  const find = (some: readonly Mixed<MemberPlan>[]) => some.filter((one) => names.includes(one.name)) as ChainMembers;
  const [member, ...tied] = find(members);
  let before = JSON.stringify(find(members));
  const changing = phases.flatMap(({ from, members: later }): { from: number; members: ChainMembers }[] => {
    const now = JSON.stringify(find(later));
    if (now === before) return [];
    before = now;
    return [{ from, members: find(later) }];
  });
  return { member, ...(tied.length > 0 && { tied }), ...(changing.length > 0 && { phases: changing }) };
}

/**
 * The chains of a condition by name, together where one learns from another in any of its phases: these move on as one. In the
 * population's order.
 */
export function chainGroups({ members, phases = [] }: ConditionPlan): readonly (readonly string[])[] {
  let groups = members.filter(isChainMember).map(({ name }) => [name]);
  const stages = [members, ...phases.map((phase) => phase.members)];
  for (const { name, mixture } of stages.flat().filter(isChainMember))
    for (const source of termsOf(mixture).flatMap(sourcesOf)) {
      const [own, other] = [name, source].map((one) => groups.find((group) => group.includes(one)));
      if (own && other && own !== other)
        groups = groups.flatMap((group) => (group === own ? [[...own, ...other]] : group === other ? [] : [group]));
    }
  const order = members.map(({ name }) => name);
  const sorted = groups.map((group) => group.sort((a, b) => order.indexOf(a) - order.indexOf(b)));
  return sorted.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}
