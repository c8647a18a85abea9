/**
 * How a text's last hidden states become one vector: what modules.json, the pooling module's config.json and
 * sentence_bert_config.json say, as sentence-transformers 6 reads them. A folder without modules.json is pooled to its mean.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError, fromSystemError } from '../../common/errors.js';
import { readJson, readJsonObject } from '../checkpoint/json.js';
import { ConfigReader } from '../models/config.js';

/** hidden (tokens, d) -> (d) */
type Pool = (hidden: Float32Array, tokens: number, d: number) => Float32Array;

/** Σ weight(t) · hidden[t] / divisor */
function weighted(weight: (t: number) => number, divisor: (tokens: number) => number): Pool {
  return (hidden, tokens, d) => {
    const sum = new Float64Array(d);
    for (let t = 0; t < tokens; t++) for (let k = 0; k < d; k++) sum[k] += weight(t) * hidden[t * d + k];
    return Float32Array.from(sum, (x) => x / divisor(tokens));
  };
}

/** By sentence-transformers' names. */
const POOLS = {
  cls: (hidden, _tokens, d) => hidden.slice(0, d),
  max: (hidden, tokens, d) => {
    const most = hidden.slice(0, d);
    for (let i = d; i < tokens * d; i++) most[i % d] = Math.max(most[i % d], hidden[i]);
    return most;
  },
  mean: weighted(() => 1, (tokens) => tokens),
  mean_sqrt_len_tokens: weighted(() => 1, Math.sqrt),
  weightedmean: weighted((t) => t + 1, (tokens) => (tokens * (tokens + 1)) / 2),
  lasttoken: (hidden, tokens, d) => hidden.slice((tokens - 1) * d, tokens * d),
} satisfies Record<string, Pool>; // prettier-ignore
type Mode = keyof typeof POOLS;
const MODES = Object.keys(POOLS) as Mode[];

/** Flags of before sentence-transformers 6, in the order in which what they ask for is joined. */
const FLAGS: Readonly<Record<string, Mode>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
};

export interface Pooling {
  /** their vectors are joined, in order */
  readonly modes: readonly Mode[];
  /** whether vectors are scaled to length 1 */
  readonly normalize: boolean;
  /** longer texts are cut to so many tokens, special ones included; absent: to what the model reads */
  readonly maxTokens?: number;
}

/** A text's vector (modes · d), from its last hidden states (tokens, d). */
export function pooled({ modes, normalize }: Pooling, hidden: Float32Array, tokens: number): Float32Array {
  const d = hidden.length / tokens;
  const parts = modes.map((mode) => POOLS[mode](hidden, tokens, d));
  const vector = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  parts.forEach((part, i) => vector.set(part, i * d));
  if (!normalize) return vector;
  const length = Math.max(Math.hypot(...vector), 1e-12);
  return vector.map((x) => x / length);
}

/** @throws HabsburgError `invalid` for a module or a mode that is not supported, by name */
export async function readPooling(dir: string): Promise<Pooling> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw fromSystemError(error, `cannot read ${dir}`);
  });
  const max = await maxTokens(dir, names);
  if (!names.includes(MODULES)) return { modes: ['mean'], normalize: false, ...max };
  const file = join(dir, MODULES);
  const modules = await readJson(file);
  if (!Array.isArray(modules)) throw new HabsburgError('verification', `${file} is no list of modules`);
  const [encoder, ...rest] = (modules as { type?: unknown; path?: unknown }[]).map(({ type, path }) => ({
    kind: String(type).split('.').at(-1),
    path: String(path ?? ''),
  }));
  const kinds = rest.map(({ kind }) => kind).join(', ');
  if (encoder?.kind !== 'Transformer' || encoder.path !== '' || !['Pooling', 'Pooling, Normalize'].includes(kinds))
    throw new HabsburgError(
      'invalid',
      `${file}: modules are supported as Transformer, Pooling and Normalize only, not ${[encoder?.kind, kinds].join(', ')}`,
    );
  return { modes: await readModes(join(dir, rest[0].path, 'config.json')), normalize: rest.length === 2, ...max };
}

const MODULES = 'modules.json';
const TEXTS = 'sentence_bert_config.json';

/** What sentence_bert_config.json says, or else the tokenizer. */
async function maxTokens(dir: string, names: readonly string[]): Promise<Pick<Pooling, 'maxTokens'>> {
  for (const [name, field] of [
    [TEXTS, 'max_seq_length'],
    ['tokenizer_config.json', 'model_max_length'],
  ]) {
    if (!names.includes(name)) continue;
    const read = new ConfigReader(await readJsonObject(join(dir, name)), join(dir, name));
    read.only('do_lower_case', false, name === TEXTS ? [false] : [false, true]);
    // a tokenizer without a limit says 10^30
    if (Number(read.get(field) ?? Infinity) < 2 ** 31) return { maxTokens: read.size(field, 512) };
  }
  return {};
}

async function readModes(file: string): Promise<Mode[]> {
  const read = new ConfigReader(await readJsonObject(file), file);
  const flagged = Object.entries(FLAGS).flatMap(([flag, mode]) => (read.boolean(flag, false) ? [mode] : []));
  const given = read.get('pooling_mode') ?? (flagged.length > 0 ? flagged : 'mean');
  const modes = (Array.isArray(given) ? given : [given]) as Mode[];
  if (modes.length === 0 || !modes.every((mode) => MODES.includes(mode)))
    read.refuse('pooling_mode', `is supported as ${MODES.join(', ')} only, not ${JSON.stringify(given)}`);
  return modes;
}
