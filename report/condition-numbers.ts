/** A number of each condition, over which a trend may be looked for. */
import { HabsburgError } from '../common/errors.js';
import type { Results } from './rows.js';

export interface ConditionNumbers {
  /** what it is called in tables */
  readonly name: string;
  /** by condition; those that have none are absent */
  readonly of: ReadonlyMap<string, number>;
}

/**
 * @param over a setting as it stands in a condition of the experiment's file, `mixture.share`, or a list `replace=0,keep-10=0.1`
 * @param asked only these conditions; default: all
 * @throws HabsburgError where a condition of the list is unknown, fewer than three have a number, or two the same
 */
export function conditionNumbers(
  { plan, document }: Pick<Results, 'plan' | 'document'>,
  over: string,
  asked?: readonly string[],
): ConditionNumbers {
  const names = plan.conditions.map(({ name }) => name);
  const all = over.includes('=') ? listed(over, names) : ofDocument(document, over);
  const found = all.filter(([condition]) => asked === undefined || asked.includes(condition));
  const [of, name] = [new Map(found), over.includes('=') ? 'the conditions' : over];
  if (of.size < 3) {
    const why = of.size === 0 ? 'no condition has' : `only ${[...of.keys()].join(' and ')} ${of.size === 1 ? 'has' : 'have'}`;
    const fix = `give them: --over '${names.map((one, i) => `${one}=${i}`).join(',')}'`;
    throw new HabsburgError('invalid', `a trend takes three conditions with a number, and ${why} ${over}; ${fix}`);
  }
  const values = [...of];
  const twin = values.find(([, x], i) => values.findIndex(([, other]) => other === x) < i);
  if (twin) throw new HabsburgError('invalid', `two conditions have ${name} ${twin[1]}; choose others with --conditions or --over NAME=NUMBER,…`); // prettier-ignore
  return { name, of };
}

function listed(over: string, names: readonly string[]): [string, number][] {
  return over.split(',').map((part) => {
    const [name, value] = part.split('=').map((side) => side.trim());
    if (!names.includes(name)) throw new HabsburgError('notFound', `no condition "${name}"; there are ${names.join(', ')}`);
    if (value === undefined || value === '' || !Number.isFinite(Number(value)))
      throw new HabsburgError('invalid', `--over ${part.trim()}: ${name} needs a number`);
    return [name, Number(value)];
  });
}

function ofDocument(document: unknown, path: string): [string, number][] {
  const conditions = (document as { conditions?: unknown } | undefined)?.conditions;
  if (!Array.isArray(conditions)) return [];
  return conditions.flatMap((condition: { name?: unknown } | null): [string, number][] => {
    let value: unknown = condition;
    for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined | null)?.[step];
    return typeof value === 'number' && typeof condition?.name === 'string' ? [[condition.name, value]] : [];
  });
}
