/** Reads fields of a config.json with their defaults; refuses by name what has the wrong type or is not supported. */
import { HabsburgError } from '../../common/errors.js';
import type { ConfigJson } from './types.js';

/** Token ids and positions are int32. */
const MAX_SIZE = 2 ** 31 - 1;

export class ConfigReader {
  #asked = new Set<string>();

  constructor(
    readonly json: ConfigJson,
    readonly file: string,
  ) {}

  /** The fields that were asked for so far. An architecture asks for every field that it obeys, whatever the others say. */
  get asked(): ReadonlySet<string> {
    return this.#asked;
  }

  /** A field as it stands; undefined where it is absent. */
  get(name: string): unknown {
    this.#asked.add(name);
    return this.json[name];
  }

  /** The same file, whose fields may stand under other names too, which then win. */
  withNames(own: Readonly<Record<string, string>>): ConfigReader {
    const given = Object.entries(own).filter(([other]) => this.get(other) !== undefined);
    const json = { ...this.json, ...Object.fromEntries(given.map(([other, name]) => [name, this.json[other]])) };
    const renamed = new ConfigReader(json, this.file);
    renamed.#asked = this.#asked;
    return renamed;
  }

  /** @throws HabsburgError `invalid` about a field, which its details name beside what is wrong with it */
  refuse(name: string, what: string): never {
    throw new HabsburgError('invalid', `${this.file}: ${name} ${what}`, { details: { field: name, problem: what } });
  }

  #refuseValue(name: string, what: string): never {
    return this.refuse(name, `${what}, not ${JSON.stringify(this.json[name])}`);
  }

  /** A positive integer, as far as one can be the size of a tensor. */
  size(name: string, fallback: number): number {
    const value = this.get(name) ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 1) this.#refuseValue(name, 'must be a positive integer');
    if ((value as number) > MAX_SIZE) this.#refuseValue(name, `must be below ${MAX_SIZE + 1}`);
    return value as number;
  }

  number(name: string, fallback: number): number {
    const value = this.get(name) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) this.#refuseValue(name, 'must be a number');
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.get(name) ?? fallback;
    if (typeof value !== 'boolean') this.#refuseValue(name, 'must be true or false');
    return value;
  }

  /**
   * The row of an embedding that stands for padding; null in the file means that there is none. A negative one counts from the end,
   * as torch.nn.Embedding takes it.
   */
  paddingId(fallback: number | undefined, vocabularySize: number): number | undefined {
    const name = 'pad_token_id';
    const given = this.get(name);
    const value = given === undefined ? fallback : given;
    if (value === null || value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || (value as number) < -vocabularySize || (value as number) >= vocabularySize)
      this.#refuseValue(name, `must be a token id from 0 to ${vocabularySize - 1}, or null`);
    return (value as number) < 0 ? vocabularySize + (value as number) : (value as number);
  }

  /** One of the values that are supported. */
  only<T extends string | number | boolean>(name: string, fallback: T, supported: readonly T[]): T {
    const value = (this.get(name) ?? fallback) as T;
    if (!supported.includes(value))
      this.#refuseValue(name, `is supported as ${supported.map((s) => JSON.stringify(s)).join(', ')} only`);
    return value;
  }
}
