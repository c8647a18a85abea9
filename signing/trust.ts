/** Who may sign what: a trust policy, from a file, or the keys of this place where none is given. */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { HabsburgError } from '../common/errors.js';
import { keyIdOf } from './envelope.js';
import { readPublicKey } from './key-folder.js';

/** What a statement can be about. A `log` head and a revocation are signed, too. */
export const ROOMS = ['steps', 'sources', 'results', 'records', 'attempts', 'shares', 'keys', 'log'] as const;
export type Room = (typeof ROOMS)[number];

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected a key id, 64 hex digits: habsburg keys list shows them');
const entry = z
  .strictObject({
    keyid: hex.exactOptional(),
    publicKey: z.string().exactOptional(),
    /** whose it is */
    name: z.string().exactOptional(),
    /** absent: everything */
    may: z.array(z.enum(ROOMS)).min(1).exactOptional(),
    /** of steps these alone; absent: all */
    steps: z.array(z.string()).min(1).exactOptional(),
  })
  .refine(({ keyid, publicKey }) => keyid !== undefined || publicKey !== undefined, 'give keyid, or publicKey (PEM)');
const policyDocument = z.strictObject({
  schemaVersion: z.literal(1),
  keys: z.array(entry),
  /** artifacts that need no statement of how they were made, by digest */
  unattested: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hex digits')).exactOptional(),
});

interface Trusted {
  readonly name?: string;
  readonly may?: ReadonlySet<Room>;
  readonly steps?: ReadonlySet<string>;
}

export interface TrustPolicy {
  /** words it: a file, or `the keys of FOLDER` */
  readonly from: string;
  readonly keys: ReadonlyMap<string, Trusted>;
  readonly unattested: ReadonlySet<string>;
}

/** Keys that may sign everything. */
export const trusting = (keyids: Iterable<string>, from: string): TrustPolicy => ({
  from,
  keys: new Map([...keyids].map((keyid) => [keyid, {}])),
  unattested: new Set(),
});

/** A policy by which keys may sign everything, as YAML; `may` and `steps` are there to be narrowed by hand. */
export function policyText(keys: readonly { readonly keyid: string; readonly publicKey: string }[], name?: string): string {
  const entries = keys.map(({ keyid, publicKey }) => [
    `  - keyid: ${keyid}`,
    ...(name === undefined ? [] : [`    name: ${JSON.stringify(name)}`]),
    '    publicKey: |',
    ...publicKey.trimEnd().split('\n').map((line) => `      ${line}`),
  ]); // prettier-ignore
  const head = [
    '# Who may sign what, for habsburg lineage verify --trust. Each key may sign everything unless it is said what:',
    `#   may: [${ROOMS.join(', ')}]`,
    '#   steps: [finetune, generate]   # of steps these alone',
  ];
  return `${[...head, 'schemaVersion: 1', 'keys:', ...entries.flat()].join('\n')}\n`;
}

/** @throws 'invalid', naming file and line */
export function parseTrust(text: string, file: string): TrustPolicy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true });
  const wrong = (what: string, offset: number | undefined) => {
    const { line } = offset === undefined ? { line: 1 } : lines.linePos(offset);
    return new HabsburgError('invalid', `${file}:${line}: ${what}`);
  };
  const [problem] = document.errors;
  if (problem) throw wrong(problem.message.split('\n')[0], problem.pos[0]);
  const placeOf = (path: readonly PropertyKey[]): number | undefined => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = document.getIn(path.slice(0, depth) as (string | number)[], true) as { range?: [number] } | undefined;
      if (node?.range) return node.range[0];
    }
    return undefined;
  };
  const parsed = policyDocument.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw wrong(`${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${message}`, placeOf(path));
  }
  const keys = new Map<string, Trusted>();
  for (const [i, { keyid, publicKey, name, may, steps }] of parsed.data.keys.entries()) {
    const at = placeOf(['keys', i]);
    let id = keyid;
    if (publicKey !== undefined)
      try {
        id = keyIdOf(readPublicKey(publicKey, 'publicKey'));
      } catch (error) {
        throw wrong((error as Error).message, at);
      }
    if (keyid !== undefined && id !== keyid) throw wrong(`keyid is not that of publicKey, which is ${id}`, at);
    if (keys.has(id!)) throw wrong(`the key ${id} is listed twice; merge what it may sign`, at);
    keys.set(id!, {
      ...(name === undefined ? {} : { name }),
      ...(may && { may: new Set(may) }),
      ...(steps && { steps: new Set(steps) }),
    });
  }
  return { from: file, keys, unattested: new Set(parsed.data.unattested) };
}

/**
 * Why a key may not sign something; undefined: it may.
 * @param step of a statement about a step
 */
export function refusal({ keys, from }: TrustPolicy, keyid: string, room: Room, step?: string): string | undefined {
  const trusted = keys.get(keyid);
  const named = `the key ${keyid}`;
  if (!trusted) return `${named} is not among those that ${from} trusts`;
  if (trusted.may && !trusted.may.has(room)) return `${named} may not sign ${room}, by ${from}`;
  if (step !== undefined && trusted.steps && !trusted.steps.has(step))
    return `${named} may not sign the step ${step}, by ${from}`;
  return undefined;
}
