/** A number of each condition, over which a trend may be looked for and by which tables are made. */
import { canonicalJson } from '../common/canonical.js';
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
    const fix = `give numbers in its place: '${names.map((one, i) => `${one}=${i}`).join(',')}'`;
    throw new HabsburgError('invalid', `it takes three conditions with a number, and ${why} ${over}; ${fix}`);
  }
  const values = [...of];
  const twin = values.find(([, x], i) => values.findIndex(([, other]) => other === x) < i);
  if (twin) throw new HabsburgError('invalid', `two conditions have ${name} ${twin[1]}; choose others, as NAME=NUMBER,…`); // prettier-ignore
  return { name, of };
}

function listed(over: string, names: readonly string[]): [string, number][] {
  return over.split(',').map((part) => {
    const [name, value] = part.split('=').map((side) => side.trim());
    if (!names.includes(name)) throw new HabsburgError('notFound', `no condition "${name}"; there are ${names.join(', ')}`);
    if (value === undefined || value === '' || !Number.isFinite(Number(value)))
      throw new HabsburgError('invalid', `${part.trim()}: ${name} needs a number`);
    return [name, Number(value)];
  });
}

function ofDocument(document: unknown, path: string): [string, number][] {
  return conditionsOf(document).flatMap((condition): [string, number][] => {
    let value: unknown = condition;
    for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined | null)?.[step];
    return typeof value === 'number' && typeof condition.name === 'string' ? [[condition.name, value]] : [];
  });
}

/** The one number in which three conditions of the file or more differ, and nothing else of them but their names; undefined: there is none, or several. */
export function settingThatDiffers({ document }: Pick<Results, 'document'>): string | undefined {
  const conditions = conditionsOf(document);
  const numbers = conditions.map((condition) => new Map(numbersIn(condition)));
  const differing = [...new Set(numbers.flatMap((own) => [...own.keys()]))].filter((path) => {
    const having = conditions.filter((_, i) => numbers[i].has(path));
    const values = new Set(numbers.flatMap((own) => own.get(path) ?? []));
    const rest = new Set(having.map((condition) => canonicalJson(without(condition, path.split('.')))));
    return having.length >= 3 && values.size === having.length && rest.size === 1;
  });
  return differing.length === 1 ? differing[0] : undefined;
}

type Json = Readonly<Record<string, unknown>>;

function conditionsOf(document: unknown): Json[] {
  const conditions = (document as { conditions?: unknown } | undefined)?.conditions;
  return Array.isArray(conditions) ? conditions.filter(isObject) : [];
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

function numbersIn(value: Json): [path: string, value: number][] {
  return Object.entries(value).flatMap(([key, own]): [string, number][] => {
    // no path says such a key
    if (key.includes('.')) return [];
    if (typeof own === 'number') return [[key, own]];
    return isObject(own) ? numbersIn(own).map(([path, number]) => [`${key}.${path}`, number]) : [];
  });
}

/** A condition but for its name, its title and one number. */
function without(value: Json, path: readonly string[]): Json {
  const [step, ...rest] = path;
  const { name: _, title: __, ...others } = value;
  return { ...others, [step]: rest.length === 0 ? null : without(value[step] as Json, rest) };
}
