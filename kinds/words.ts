/** What members and data are, in words: what each kind says of its own. */
import { dataKind } from '../spec/members.js';
import type { DataPlans, MemberPlan } from '../spec/plan.js';
import { chainWords } from './chains/words.js';
import { imageWords } from './images/words.js';
import type { DataWords, Words } from './phrases.js';
import { textWords } from './text/words.js';

const WORDS = { text: textWords, images: imageWords, chains: chainWords } as Readonly<Record<keyof DataPlans, Words<MemberPlan, unknown>>>; // prettier-ignore

export const memberSentence = (member: MemberPlan, data: DataPlans): string =>
  WORDS[dataKind(member)].sentence(member, data[dataKind(member)]);
export const memberBrief = (member: MemberPlan): string => WORDS[dataKind(member)].brief(member);

/** Of each kind's data. */
export const dataWords = (data: DataPlans): DataWords[] =>
  (Object.keys(WORDS) as (keyof DataPlans)[]).flatMap((kind) =>
    data[kind] === undefined || (kind === 'chains' && data.text) ? [] : [WORDS[kind].data(data[kind])],
  );
