/** How real records are made to end where what a member writes would. */
import type { DecodingPlan } from '../../engine/generate/decoding.js';
import { operatorPlans } from '../../spec/operators.js';
import { needsOf } from '../../spec/operator-plan.js';
import type { Problem } from '../../spec/problems.js';
import { REAL_TEXT, writesRealText } from '../../spec/real-text.js';
import type { LanguageModelPlan, RealTextPlan, TextDataPlan } from './plan.js';

/** What is written from the start token alone begins with it, and is so much longer. */
const begun = ({ prompts }: Pick<LanguageModelPlan, 'prompts'>): number => (prompts === 'none' ? 1 : 0);

/** Blocks of running text are as long as a member's that writes whole blocks; answers end where its decoding would have ended them. */
export function realTextPlan(
  member: { readonly decoding: DecodingPlan; readonly prompts: LanguageModelPlan['prompts'] },
  { block, template }: TextDataPlan,
): RealTextPlan {
  const { minNewTokens, maxNewTokens, stopStrings = [] } = member.decoding;
  const [minTokens, maxTokens] = [minNewTokens, maxNewTokens].map((tokens) => tokens + begun(member));
  const whole = template === undefined && minTokens >= block;
  const through = operatorPlans([
    ...(whole ? [] : [{ stop: { minTokens, maxTokens } }]),
    ...(stopStrings.length > 0 ? [{ cut: { at: [...stopStrings], include: true } }] : []),
  ]);
  return { kind: REAL_TEXT, ...(through && { through }) };
}

/** What no real record can stand in for. */
export function checkRealTextMember(member: LanguageModelPlan, { block, template }: TextDataPlan): Problem[] {
  if (!writesRealText(member)) return [];
  const longest = member.decoding.maxNewTokens + begun(member);
  const problems = (member.postprocess ?? []).flatMap((operator, i): Problem[] => {
    if (needsOf([operator]).observations.every(({ under }) => under === 'given')) return [];
    return [{ path: ['postprocess', i], message: `${operator.name} reads what a model of the run says of each text, and real text has no model`, suggestion: 'override postprocess where writes: real-text stands, with the other operators or []' }]; // prettier-ignore
  });
  if (template === undefined && longest > block)
    problems.push({ path: ['decoding', 'maxNewTokens'], message: `texts of ${longest} tokens have no counterpart among real blocks of ${block}`, suggestion: `use at most ${block - begun(member)}, or a longer data.block` }); // prettier-ignore
  return problems;
}
