/** Operators as a file names them, and with all their settings as a plan has them. */
import { z } from 'zod';
import { operatorNamed, operators } from '../operators/index.js';
import type { OperatorNeeds, OperatorPlan } from './operator-plan.js';

const names = operators.map(({ name }) => name) as [string, ...string[]];

/** A name, or {name: settings}. */
const operatorSchema = z.union([
  z.enum(names).superRefine((name, context) => {
    const parsed = operatorNamed(name).settings.safeParse({});
    if (parsed.success) return;
    const lacks = parsed.error.issues.map(({ path, message }) => (path.length > 0 ? path.join('.') : message));
    context.addIssue({ code: 'custom', message: `${name} needs settings, as {${name}: {…}}: ${lacks.join(', ')}` });
  }),
  z
    .strictObject(
      Object.fromEntries(operators.map(({ name, settings, summary }) => [name, settings.optional().describe(summary)])),
    )
    .refine((one) => Object.keys(one).length === 1, {
      error: 'one operator an entry: start each with a hyphen of its own',
      when: ({ issues }) => issues.length === 0,
    }),
]);

export const operatorsSchema = (words: string) => z.array(operatorSchema).max(100).describe(words);

/** The list as a plan has it; undefined where it is empty. */
export function operatorPlans(list: z.output<ReturnType<typeof operatorsSchema>> | undefined): OperatorPlan[] | undefined {
  if (list === undefined || list.length === 0) return undefined;
  return list.map((one) => {
    if (typeof one === 'string') return operatorPlan(one, operatorNamed(one).settings.parse({}));
    const [[name, settings]] = Object.entries(one);
    return operatorPlan(name, settings!);
  });
}

function operatorPlan(name: string, settings: OperatorPlan['settings']): OperatorPlan {
  const { changes, comparesPrompts, seesEnds, draws, chooses, grows, needs: observed } = operatorNamed(name);
  const observations = observed?.(settings) ?? [];
  const growth = grows?.(settings) ?? 1;
  const needs: OperatorNeeds = {
    // a template's prompt is in the tokens of its record
    ...((changes || comparesPrompts || seesEnds) && { tokenizer: true }),
    ...(comparesPrompts && { prompts: true }),
    ...(observations.length > 0 && { observations }),
    ...(draws && { draws }),
    ...(chooses && { candidates: true }),
    ...(growth > 1 && { grows: growth }),
  };
  return { name, settings, ...(Object.keys(needs).length > 0 && { needs }) };
}
