/** Reads fields of a config.json with their defaults; refuses by name what has the wrong type or is not supported. */
import { HabsburgError } from '../../common/errors.js';
import type { ConfigJson } from './types.js';

export class ConfigReader {
  constructor(
    readonly json: ConfigJson,
    readonly file: string,
  ) {}

  #refuse(name: string, what: string): never {
    throw new HabsburgError('invalid', `${this.file}: ${name} ${what}, not ${JSON.stringify(this.json[name])}`);
  }

  /** A positive integer. */
  size(name: string, fallback: number): number {
    const value = this.json[name] ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 1) this.#refuse(name, 'must be a positive integer');
    return value as number;
  }

  number(name: string, fallback: number): number {
    const value = this.json[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) this.#refuse(name, 'must be a number');
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.json[name] ?? fallback;
    if (typeof value !== 'boolean') this.#refuse(name, 'must be true or false');
    return value;
  }

  /** A token id; null in the file means that there is none. */
  tokenId(name: string, fallback: number | undefined): number | undefined {
    const value = name in this.json ? this.json[name] : fallback;
    if (value === null || value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || (value as number) < 0) this.#refuse(name, 'must be a token id');
    return value as number;
  }

  /** One of the values that are supported. */
  only<T extends string | number | boolean>(name: string, fallback: T, supported: readonly T[]): T {
    const value = (this.json[name] ?? fallback) as T;
    if (!supported.includes(value))
      this.#refuse(name, `is supported as ${supported.map((s) => JSON.stringify(s)).join(', ')} only`);
    return value;
  }
}
