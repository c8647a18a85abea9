/**
 * Statements in a store, signed. Those about a thing of the name N lie at statements/N/<SHA-256 of the envelope's bytes>.json: each is
 * written once and never changed, and a thing may have several, of several attempts, machines or signers. What is filed is queued for the
 * store's log first (artifacts/log.ts), so that no statement escapes it.
 */
import { canonicalJson, parseCanonical, sha256, type Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { sealed, type Signer } from '../signing/envelope.js';
import { again } from './again.js';
import { isDamage } from './damage.js';
import { statementBytes, type InTotoStatement } from './in-toto.js';
import { checkKey, hexOf } from './keys.js';
import { putWhole } from './put-whole.js';
import { openSigned, publishKey } from './signing-keys.js';
import { parseStatement, type StepFacts } from './statement.js';
import { findStep, stepName, type FoundStep } from './step-record.js';
import type { ArtifactRef, ArtifactStore } from './types.js';

/** A statement larger than this is none. */
const LIMIT = 64 * 1024 * 1024;
export const STATEMENTS = 'statements/';
const FILE = /\/([0-9a-f]{64})\.json$/;

export const statementKey = (about: string, digest: Digest): string => `${STATEMENTS}${about}/${hexOf(digest)}.json`;

/** What waits to be put into the log: empty objects, named by the statement's digest and what it is about. */
export const QUEUE = 'log/queue/';
export const queuedKey = (statement: string): string => `${QUEUE}${statement.slice(STATEMENTS.length)}`;

/**
 * Signs a statement and adds it to those about a thing; one that is there whole already is left alone.
 * @param about the thing's name: `steps/<key>`, `sources/<artifact>`, or a result document's
 * @returns the digest of the envelope
 */
export async function addStatement(
  store: ArtifactStore,
  about: string,
  statement: InTotoStatement<unknown>,
  signer: Signer,
): Promise<Digest> {
  const { objects } = store;
  const bytes = await sealed(statementBytes(statement), signer);
  const digest = sha256(bytes);
  const key = statementKey(about, digest);
  checkKey(key);
  await publishKey(store, signer);
  await putWhole(objects, key, bytes, () => objects.put(queuedKey(key), { bytes: Buffer.alloc(0) }));
  return digest;
}

/** Digests of the statements about a thing, by the names that they are filed under; in no order that means anything. */
export async function* statementsAbout({ objects }: ArtifactStore, about: string): AsyncIterable<Digest> {
  for await (const key of objects.list(`${STATEMENTS}${about}/`)) {
    const hex = FILE.exec(key)?.[1];
    if (hex !== undefined && key === statementKey(about, `sha256:${hex}`)) yield `sha256:${hex}`;
  }
}

/** Every statement of a store, by the name that it is filed under; in no order that means anything. */
export async function* allStatements({
  objects,
}: ArtifactStore): AsyncIterable<{ readonly about: string; readonly digest: Digest }> {
  for await (const key of objects.list(STATEMENTS)) {
    const hex = FILE.exec(key)?.[1];
    if (hex !== undefined) yield { about: key.slice(STATEMENTS.length, -`/${hex}.json`.length), digest: `sha256:${hex}` };
  }
}

/** A statement that somebody signed. */
export interface ReadStatement {
  /** parsed JSON, whose bytes were the one form that it can have */
  readonly value: unknown;
  /** whose key the store has; whether it is trusted is another question */
  readonly keyid: string;
}

/**
 * A statement, once its bytes have the hash that it is filed under, a key of the store signed it, and all is in the one form that it can have.
 * @throws 'notFound', 'verification'
 */
export async function readStatement(store: ArtifactStore, about: string, digest: Digest): Promise<ReadStatement> {
  const { objects } = store;
  const key = statementKey(about, digest);
  return again(`reading ${key} from ${objects.url}`, async () =>
    statementIn(store, await objects.read(key, LIMIT), digest, `${key} in ${objects.url}`),
  );
}

/**
 * @param where words it for an error
 * @throws 'verification'
 */
export async function statementIn(store: ArtifactStore, bytes: Buffer, digest: Digest, where: string): Promise<ReadStatement> {
  const wrong = (what: string) => new HabsburgError('verification', `${where} ${what}`);
  if (sha256(bytes) !== digest) throw wrong('is damaged: its bytes do not have the hash that it is named by');
  const { payload, keyid } = await openSigned(store, bytes, where);
  const parsed = parseCanonical(payload);
  if (!parsed) throw wrong('is not JSON in canonical form');
  return { value: parsed.value, keyid };
}

/** The statements of a finished step: of one that can be believed the digest and what it states, and what is wrong with others. */
export interface StepStatements {
  readonly statement?: Digest;
  readonly facts?: StepFacts;
  readonly damaged: readonly { readonly digest: Digest; readonly problem: string }[];
}

/**
 * Looks for a statement that says of a step what its record says: the record's own first, which is enough as a rule, then the others.
 * Where none can be believed the step is done anew: the record does not know what code made its outputs and when.
 */
export async function checkStatements(
  store: ArtifactStore,
  step: {
    readonly key: Digest;
    readonly outputs: Readonly<Record<string, ArtifactRef>>;
    readonly statement?: Digest;
  },
): Promise<StepStatements> {
  const about = stepName(step.key);
  const damaged: { digest: Digest; problem: string }[] = [];
  const believed = async (statement: Digest): Promise<StepStatements | undefined> => {
    const facts = await believedFacts(store, about, statement, step);
    if (typeof facts !== 'string') return { statement, facts, damaged };
    damaged.push({ digest: statement, problem: facts });
    return undefined;
  };
  let found = step.statement === undefined ? undefined : await believed(step.statement);
  if (found) return found;
  for await (const digest of statementsAbout(store, about)) {
    if (digest === step.statement) continue;
    if ((found = await believed(digest))) return found;
  }
  return { damaged };
}

/** A finished step as `findStep` finds it, if there is a statement about it that says the same; and what that states. */
export async function findStatedStep(
  store: ArtifactStore,
  key: Digest,
  options: Parameters<typeof findStep>[2] = {},
): Promise<FoundStep & { readonly facts?: StepFacts }> {
  const found = await findStep(store, key, options);
  if (!found.record) return found;
  const { facts, damaged } = await checkStatements(store, found.record);
  return facts ? { ...found, facts } : { damage: damaged[0].problem };
}

/** What a statement says, or why it cannot be believed. */
async function believedFacts(
  store: ArtifactStore,
  about: string,
  digest: Digest,
  { key, outputs }: { readonly key: Digest; readonly outputs: Readonly<Record<string, ArtifactRef>> },
): Promise<StepFacts | string> {
  const where = statementKey(about, digest);
  try {
    const stated = parseStatement((await readStatement(store, about, digest)).value, where);
    const digests = (refs: Readonly<Record<string, ArtifactRef>>) =>
      canonicalJson(Object.fromEntries(Object.entries(refs).map(([output, ref]) => [output, ref.digest])));
    return stated.key !== key || digests(stated.outputs) !== digests(outputs) ? `${where} states something else` : stated;
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'notFound') return `the statement ${where} is missing`;
    if (isHabsburgError(error) && error.kind === 'verification') return error.message;
    throw error;
  }
}

/** Takes away what was filed as a statement about a step and cannot be read as one: its bytes are lost, and it says nothing. */
export async function dropUnreadable(store: ArtifactStore, key: Digest): Promise<void> {
  const about = stepName(key);
  for await (const digest of statementsAbout(store, about)) {
    try {
      parseStatement((await readStatement(store, about, digest)).value, about);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await store.objects.delete(statementKey(about, digest));
    }
  }
}
