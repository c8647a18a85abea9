/**
 * The statements of a store as a graph: which step made an artifact, of which others, and which experiment it belongs to. Every statement is
 * read once and checked by itself; of each its digests are kept and not its parameters, so that a store of many thousand steps fits.
 */
import { isDamage } from '../artifacts/damage.js';
import { parseSource, type SourceFacts } from '../artifacts/source.js';
import { parseStatement, type StepFacts } from '../artifacts/statement.js';
import { allStatements, readStatement, statementKey } from '../artifacts/statements.js';
import { stepName } from '../artifacts/step-record.js';
import type { StatedArtifact } from '../artifacts/in-toto.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { parseResult, type Belonging } from '../documents/statement.js';
import { parseShare } from './share-statement.js';

/** Statements read at a time. */
const READS = 16;

/** Where a statement lies, and whose key signed it. */
export interface Filed {
  readonly statement: Digest;
  readonly keyid: string;
  /** its key in the store, by which the log names it */
  readonly place: string;
}

/** What one statement says of a step. A step has several where it was done by several attempts, machines or releases. */
export interface Made extends Omit<StepFacts, 'parameters' | 'invocation'>, Filed {}

/** What is claimed of a source. */
export interface Claim extends SourceFacts, Filed {
  readonly artifact: StatedArtifact;
}

/** What is stated of a model's human share. */
export interface StatedShare extends Filed {
  readonly artifact: StatedArtifact;
  readonly facts: unknown;
}

/** Where an experiment has its artifacts. */
export interface Result extends Belonging, Filed {}

/** A statement that cannot be believed. */
export interface Fault {
  readonly about: string;
  readonly statement: Digest;
  readonly what: string;
}

export interface LineageGraph {
  /** by the step's key */
  readonly steps: ReadonlyMap<Digest, readonly Made[]>;
  /** statements that name an artifact as an output, in the order of their keys */
  readonly makers: ReadonlyMap<Digest, readonly Made[]>;
  /** artifacts that a file is in, by the file's digest: outputs of steps, and sources */
  readonly holders: ReadonlyMap<Digest, readonly ArtifactRef[]>;
  readonly claims: ReadonlyMap<Digest, readonly Claim[]>;
  /** by the model */
  readonly shares: ReadonlyMap<Digest, readonly StatedShare[]>;
  readonly results: readonly Result[];
  /** by artifact, as places in `results` with the role */
  readonly belongs: ReadonlyMap<Digest, readonly { readonly result: Result; readonly role: string }[]>;
  /** keys of all statements, believed or not */
  readonly statements: ReadonlySet<string>;
  readonly faults: readonly Fault[];
}

/** @param options.progress is told how many statements have been read, now and then */
export async function readGraph(
  store: ArtifactStore,
  options: { progress?(done: number, of: number): void; readonly signal?: AbortSignal } = {},
): Promise<LineageGraph> {
  const found: { about: string; digest: Digest }[] = [];
  for await (const one of allStatements(store)) found.push(one);
  found.sort((a, b) => order(a.about, b.about) || order(a.digest, b.digest));

  const [steps, makers, holders] = [new Map<Digest, Made[]>(), new Map<Digest, Made[]>(), new Map<Digest, ArtifactRef[]>()];
  const [claims, shares, belongs] = [
    new Map<Digest, Claim[]>(),
    new Map<Digest, StatedShare[]>(),
    new Map<Digest, { result: Result; role: string }[]>(),
  ];
  const [results, faults]: [Result[], Fault[]] = [[], []];
  const holds = ({ kind, digest, size, files }: StatedArtifact) => {
    for (const file of files)
      if (!holders.get(file.digest)?.some((one) => one.digest === digest)) addTo(holders, file.digest, { kind, digest, size });
  };
  let done = 0;
  const parsed = await mapBounded(found, READS, async ({ about, digest }) => {
    options.signal?.throwIfAborted();
    const what = await parse(store, about, digest);
    options.progress?.(++done, found.length);
    return what;
  });
  for (const { made, claim, share, result, fault } of parsed) {
    if (share) addTo(shares, share.artifact.digest, share);
    if (fault) faults.push(fault);
    if (made) {
      addTo(steps, made.key, made);
      for (const output of Object.values(made.outputs)) {
        if (makers.get(output.digest)?.at(-1) !== made) addTo(makers, output.digest, made);
        holds(output);
      }
    }
    if (claim) {
      addTo(claims, claim.artifact.digest, claim);
      holds(claim.artifact);
    }
    if (result) {
      results.push(result);
      for (const [role, { digest }] of Object.entries(result.artifacts)) addTo(belongs, digest, { result, role });
    }
  }
  return {
    steps,
    makers,
    holders,
    claims,
    shares,
    results,
    belongs,
    statements: new Set(found.map(({ about, digest }) => statementKey(about, digest))),
    faults,
  };
}

/** Everything that a statement says, its parameters too. */
export async function factsOf(store: ArtifactStore, { key, statement }: Pick<Made, 'key' | 'statement'>): Promise<StepFacts> {
  const about = stepName(key);
  return parseStatement((await readStatement(store, about, statement)).value, statementKey(about, statement));
}

/** What one statement is; nothing of these for types that others add. */
interface Parsed {
  readonly made?: Made;
  readonly claim?: Claim;
  readonly share?: StatedShare;
  readonly result?: Result;
  readonly fault?: Fault;
}

async function parse(store: ArtifactStore, about: string, statement: Digest): Promise<Parsed> {
  const where = statementKey(about, statement);
  const [room, name] = about.split('/', 2);
  try {
    const { value, keyid } = await readStatement(store, about, statement);
    const lies: Filed = { statement, keyid, place: where };
    if (room === 'steps') {
      const { parameters: _, invocation: __, ...facts } = parseStatement(value, where);
      return { made: filed({ ...facts, ...lies }, facts.key, `sha256:${name}`, where) };
    }
    if (room === 'sources') {
      const facts = parseSource(value, where);
      return { claim: filed({ ...facts, ...lies }, facts.artifact.digest, `sha256:${name}`, where) };
    }
    if (room === 'shares') {
      const share = { ...parseShare(value, where), ...lies };
      return { share: filed(share, share.artifact.digest, `sha256:${name}`, where) };
    }
    if (room !== 'experiments') return {};
    const result = parseResult(value, where);
    return { result: filed({ ...result, ...lies }, result.document, about, where) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { fault: { about, statement, what: error.message } };
  }
}

/** A statement is believed only about what it is filed under. */
function filed<T>(what: T, about: string, under: string, where: string): T {
  if (about === under) return what;
  throw new HabsburgError('verification', `${where} is about ${about}: it was moved there from elsewhere`);
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
