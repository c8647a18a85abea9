/** Reading the parts of a tokenizer.json: every field is checked, and a field that is not looked at is refused by name. */
import { HabsburgError } from '../../common/errors.js';

/** One object of the file. */
export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #seen = new Set<string>();

  /**
   * @param where its place, such as `model.json: pre_tokenizer`
   * @throws HabsburgError `verification` where it is no object
   */
  constructor(
    value: unknown,
    readonly where: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${where} is no object`);
    this.#value = value as Record<string, unknown>;
  }

  /** The value as it is; undefined where there is none. */
  raw(key: string): unknown {
    this.#seen.add(key);
    return Object.hasOwn(this.#value, key) ? this.#value[key] : undefined;
  }

  string(key: string, otherwise?: string): string {
    return this.#read(key, otherwise, (value): value is string => typeof value === 'string', 'a text');
  }

  boolean(key: string, otherwise?: boolean): boolean {
    return this.#read(key, otherwise, (value): value is boolean => typeof value === 'boolean', 'true or false');
  }

  /** A whole number of at least `min`. */
  count(key: string, min: number, otherwise?: number): number {
    const fits = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= min;
    return this.#read(key, otherwise, fits, `a whole number of at least ${min}`);
  }

  choice<T extends string>(key: string, choices: readonly T[], otherwise?: T): T {
    const fits = (value: unknown): value is T => choices.includes(value as T);
    return this.#read(key, otherwise, fits, `one of ${choices.join(', ')}`);
  }

  list(key: string, otherwise?: readonly unknown[]): readonly unknown[] {
    return this.#read(key, otherwise, (value): value is readonly unknown[] => Array.isArray(value), 'a list');
  }

  object(key: string): Fields {
    return new Fields(this.raw(key), `${this.where}.${key}`);
  }

  /**
   * Everything has been read; what is left has to be one of `meaningless`, which change no token.
   * @throws HabsburgError `invalid` naming a field that is not supported
   */
  done(...meaningless: string[]): void {
    for (const key of Object.keys(this.#value))
      if (!this.#seen.has(key) && key !== 'type' && !meaningless.includes(key))
        throw new HabsburgError('invalid', `${this.where}: the setting ${JSON.stringify(key)} is not supported`);
  }

  #read<T>(key: string, otherwise: T | undefined, fits: (value: unknown) => value is T, wanted: string): T {
    const value = this.raw(key);
    if ((value === undefined || value === null) && otherwise !== undefined) return otherwise;
    if (!fits(value)) throw damaged(`${this.where}.${key} is ${shown(value)}, not ${wanted}`);
    return value;
  }
}

export function damaged(what: string): HabsburgError {
  return new HabsburgError('verification', `${what}; the file is damaged, or no tokenizer.json`);
}

/** @throws HabsburgError `invalid` for a part of a kind that is not supported */
export function unsupported(step: Fields, kind: string): never {
  throw new HabsburgError('invalid', `${step.where}: ${kind} ${shown(step.raw('type'))} is not supported`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Larger ids would need an embedding of more rows than any model has. */
const MAX_ID = 0x3ffffff;

/**
 * The one place where what a file says becomes a token's id.
 * @throws HabsburgError `verification` for anything but a whole number from 0
 */
export function tokenId(value: unknown, where: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MAX_ID)
    throw damaged(`${where} has the id ${shown(value)}, which is no whole number from 0 to ${MAX_ID}`);
  return value as number;
}
