/** What a condition trains on and what changes later, in words. */
import { dataWords } from '../kinds/words.js';
import { operatorWords, type OperatorPlan } from '../spec/operator-plan.js';
import type { ConditionPlan, MemberPlan, Mixed } from '../spec/plan.js';
import { stagesOf } from '../spec/phases.js';
import { writesRealText } from '../spec/real-text.js';
import { describeMixture } from './describe-mixture.js';
import { ranges } from './notes.js';

/** What a condition trains on, and for each phase what is other than before. */
export function describeCondition(condition: ConditionPlan): string {
  const stages = stagesOf(condition);
  const words = stages.map(({ from, members }, i) =>
    i === 0
      ? [mixtures(members), ...realText(members), ...operators(members)].filter((part) => part !== '').join('; ')
      : `from generation ${from} on: ${changes(stages[i - 1].members, members)}`,
  );
  const { generations } = condition;
  if (generations !== undefined) words.push(generations === 0 ? 'generation 0 alone' : `ends with generation ${generations}`);
  if (condition.data !== undefined) {
    const splits = dataWords({ text: condition.data }).flatMap((data) => data.splits);
    words.push(`texts of its own: ${splits.map(([split, what]) => `${split} ${what}`).join('; ')}`);
  }
  if (condition.seeds !== undefined) words.push(`seeds ${ranges(condition.seeds)} alone`);
  return words.join('; ');
}

/** One sentence where all members train on the same, or one for each member. */
function mixtures(members: readonly Mixed<MemberPlan>[]): string {
  const learning = members.filter((member) => !writesRealText(member));
  const words = learning.map(({ name, mixture }) => ({ name, text: describeMixture(mixture) }));
  if (words.every(({ text }) => text === words[0]?.text)) return words[0]?.text ?? '';
  return words.map(({ name, text }) => `${name}: ${text}`).join('; ');
}

/** Whose texts are real ones. */
function realText(members: readonly Mixed<MemberPlan>[]): string[] {
  return members.flatMap((member) => {
    if (!('writes' in member) || member.writes === undefined) return [];
    const { through } = member.writes;
    return [`real text as if ${member.name} had written it${through ? `, through ${operatorWords(through)}` : ''}`];
  });
}

/** What becomes of what members have written. */
function operators(members: readonly Mixed<MemberPlan>[]): string[] {
  return members.flatMap((member) => {
    if (!('postprocess' in member) || !member.postprocess) return [];
    const who = members.length > 1 ? `what ${member.name} writes` : 'what is written';
    return [`${who} goes through ${operatorWords(member.postprocess)}`];
  });
}

function changes(before: readonly Mixed<MemberPlan>[], now: readonly Mixed<MemberPlan>[]): string {
  const others = now.filter((member, i) => text(member.mixture) !== text(before[i].mixture));
  // one member's new mixture among several has its name
  const mixed = others.length === now.length ? mixtures(now) : others.map((member) => `${member.name}: ${mixtures([member])}`).join('; '); // prettier-ignore
  const settings = now.flatMap((member, i) => {
    const [old, fresh] = [leaves(before[i]), leaves(member)];
    const prefix = now.length > 1 ? `${member.name}.` : '';
    return [...new Set([...old.keys(), ...fresh.keys()])]
      .filter((path) => old.get(path) !== fresh.get(path))
      .map((path) => `${prefix}${path} ${fresh.get(path) ?? 'none'} (before: ${old.get(path) ?? 'none'})`);
  });
  return [...(mixed === '' ? [] : [mixed]), ...settings].join('; ') || 'as before';
}

/** A member's settings by their path, without its mixture. */
function leaves({ mixture: _, ...member }: Mixed<MemberPlan>): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (path === 'postprocess') found.set(path, operatorWords(value as readonly OperatorPlan[]));
    else if (typeof value !== 'object' || value === null || Array.isArray(value))
      found.set(path, typeof value === 'string' ? value : text(value));
    else for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
  };
  walk(member, '');
  return found;
}

const text = (value: unknown): string => JSON.stringify(value) ?? 'none';
