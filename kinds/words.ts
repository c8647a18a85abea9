/** What members and data are, in words: what each kind says of its own. */
import { dataKind } from '../spec/members.js';
import type { DataPlans, MemberPlan } from '../spec/plan.js';
import { KINDS } from './index.js';
import type { DataWords, Words } from './phrases.js';

const wordsOf = (kind: string) => KINDS.find(({ name }) => name === kind)!.words as unknown as Words<MemberPlan, unknown>;

export const memberSentence = (member: MemberPlan, data: DataPlans): string =>
  wordsOf(dataKind(member)).sentence(member, data[dataKind(member)]);
export const memberBrief = (member: MemberPlan): string => wordsOf(dataKind(member)).brief(member);

/** Of each kind's data; the text that n-grams count beside a language model is that one's. */
export const dataWords = (data: DataPlans): DataWords[] =>
  Object.entries(data).flatMap(([kind, plan]) => (kind === 'chains' && data.text ? [] : [wordsOf(kind).data(plan)]));
