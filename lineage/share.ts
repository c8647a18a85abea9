/**
 * How much of what a model was fitted to people wrote: of the last fit, over its life, and through how many models the rest has gone.
 * Computed from statements and records, never claimed; who wrote a source is a claim, and is named as one. Definitions: docs/lineage.md.
 */
import { addStatement } from '../artifacts/statements.js';
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef, ArtifactStore, CodeIdentity } from '../artifacts/types.js';
import { canonicalJson, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { Datasets, type Writer } from './datasets.js';
import { exposuresOf, type Amount, type Exposures } from './exposures.js';
import type { LineageGraph, Made } from './graph.js';
import { leafHash, merkleRoot } from '../signing/merkle.js';
import type { Signer } from '../signing/envelope.js';
import { shareAbout, shareStatement, type Counted, type ShareFacts } from './share-statement.js';
import type { Verdict } from './verify.js';
import { ancestryOf } from './walk.js';

type Claim = ShareFacts['sources'][number]['claim'];
type Origin = 'human' | 'synthetic' | 'transformed' | 'unknown';

/** By how many models a text has gone through; -1: not known. Sums to 1. */
type Depths = ReadonlyMap<number, number>;
const UNKNOWN = -1;
const NOTHING_KNOWN: Depths = new Map([[UNKNOWN, 1]]);

/** @throws 'invalid' for what is no model, or was simulated; 'verification' where statements contradict each other or bytes are damaged */
export async function shareOf(store: ArtifactStore, graph: LineageGraph, model: ArtifactRef): Promise<ShareFacts> {
  return new Sharing(new Datasets(store, graph)).of(model);
}

class Sharing {
  readonly #depths = new Map<Digest, Depths>();
  readonly #fits = new Map<Digest, Promise<Exposures>>();
  #unit: 'tokens' | 'records' = 'tokens';

  constructor(private readonly datasets: Datasets) {}

  async of(model: ArtifactRef): Promise<ShareFacts> {
    const { graph } = this.datasets;
    if (model.kind !== 'model')
      throw new HabsburgError('invalid', `${model.kind} ${model.digest} is no model; give a model, or a file of one`);
    if (this.#maker(model.digest, 'simulate'))
      throw new HabsburgError('invalid', `model ${model.digest} is the state of simulated chains, which keep no records: its share follows from its mixture`); // prettier-ignore
    const fits = await this.#startChain(model.digest);
    const last = fits.at(0);
    if (last && (await this.#fit(last)).parts.every(({ tokens }) => tokens === 0)) this.#unit = 'records';
    const { made, sources } = ancestryOf(graph, [model]);
    return {
      unit: this.#unit,
      lastFit: last ? await this.#lastFit(last) : null,
      lifetime: await this.#lifetime(fits),
      depth: inOrder(await this.#depthOf(model.digest)),
      ...(last?.inputs.start && this.#maker(last.inputs.start.digest, 'finetune') && { startDepth: inOrder(await this.#depthOf(last.inputs.start.digest)) }), // prettier-ignore
      sources: [...sources.values()]
        .map(({ ref, names }) => ({
          digest: { sha256: hexOf(ref.digest) },
          names: [...names].sort(),
          ...this.#claim(ref.digest),
        }))
        .sort((a, b) => (a.digest.sha256 < b.digest.sha256 ? -1 : 1)),
      statements: rootOf([...made.map(({ statement }) => statement), ...[...sources.values()].flatMap(({ claims }) => claims.map((claim) => claim.statement))]), // prettier-ignore
    };
  }

  async #lastFit(made: Made): Promise<ShareFacts['lastFit']> {
    const { parts, passes, atMost } = await this.#fit(made);
    const all = sum(parts);
    if (all[this.#unit] === 0) return null;
    const of = (origin: Origin) => sum(parts.filter((part) => this.#originOf(part) === origin));
    const human = of('human');
    return {
      step: made.key,
      passes: decimals(passes),
      atMost,
      exposures: inDigits(all),
      human: inDigits(human),
      synthetic: inDigits(of('synthetic')),
      transformed: inDigits(of('transformed')),
      unknown: inDigits(of('unknown')),
      humanShare: decimals(human[this.#unit] / all[this.#unit]),
    };
  }

  /** What an operator has changed is no longer what a person wrote; what nobody vouches for stays unknown. */
  #originOf({ writer, changed }: { readonly writer: Writer; readonly changed: boolean }): Origin {
    const claim = this.#claimOf(writer);
    if (claim === 'unknown') return 'unknown';
    return changed ? 'transformed' : claim;
  }

  #claimOf(writer: Writer): 'human' | 'synthetic' | 'unknown' {
    if ('model' in writer) return 'synthetic';
    const claims = new Set(writer.sources.map((source) => this.#claim(source).claim));
    const [claim] = claims;
    return claims.size === 1 && (claim === 'human' || claim === 'synthetic') ? claim : 'unknown';
  }

  #claim(source: Digest): { readonly claim: Claim; readonly claimedBy: ShareFacts['sources'][number]['claimedBy'] } {
    const claims = (this.datasets.graph.claims.get(source) ?? []).filter(({ origin }) => origin !== undefined);
    const origins = new Set(claims.map(({ origin }) => origin!));
    const [only = 'unknown'] = origins;
    return {
      claim: origins.size > 1 ? 'contradictory' : only,
      claimedBy: claims
        .map(({ statement, keyid }) => ({ key: keyid, statement: hexOf(statement) }))
        .sort((a, b) => (a.statement < b.statement ? -1 : 1)),
    };
  }

  /** Fits from a model back to the weights that the first began with, newest first. */
  async #startChain(model: Digest): Promise<Made[]> {
    const fits: Made[] = [];
    const seen = new Set<Digest>();
    for (let at: Digest | undefined = model; at !== undefined; at = fits.at(-1)!.inputs.start?.digest) {
      if (seen.has(at)) throw new HabsburgError('verification', `statements say that model ${at} was started from itself`);
      seen.add(at);
      const made = this.#maker(at, 'finetune');
      if (!made) break;
      fits.push(made);
    }
    return fits;
  }

  async #lifetime(fits: readonly Made[]): Promise<ShareFacts['lifetime']> {
    // a fit that names no start began from fresh weights
    const scratch = fits.length > 0 && fits.at(-1)!.inputs.start === undefined;
    let [human, unknown, all] = [0, 0, 0];
    for (const made of fits)
      for (const part of (await this.#fit(made)).parts) {
        all += part[this.#unit];
        const origin = this.#originOf(part);
        if (origin === 'human') human += part[this.#unit];
        if (origin === 'unknown') unknown += part[this.#unit];
      }
    const known = scratch && all > 0;
    return {
      fits: fits.length,
      start: scratch ? 'scratch' : 'unknown',
      lower: decimals(known ? human / all : 0),
      upper: decimals(known ? (human + unknown) / all : 1),
    };
  }

  /** Over what a model was fitted to, by tokens. Oldest first by a stack of our own: a chain may be longer than the call stack. */
  async #depthOf(model: Digest): Promise<Depths> {
    const open = [model];
    const within = new Set<Digest>();
    for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
      if (this.#depths.has(at)) {
        open.pop();
        within.delete(at);
        continue;
      }
      within.add(at);
      const made = this.#maker(at, 'finetune');
      const parts = made ? (await this.#fit(made)).parts : [];
      const missing = [...new Set(parts.flatMap(({ writer }) => ('model' in writer && !this.#depths.has(writer.model) ? [writer.model] : [])))]; // prettier-ignore
      const cycle = missing.find((one) => within.has(one));
      if (cycle)
        throw new HabsburgError('verification', `statements say that model ${cycle} was fitted to what it has written itself`);
      if (missing.length > 0) open.push(...missing);
      else this.#depths.set(at, this.#depthsOf(parts));
    }
    return this.#depths.get(model)!;
  }

  #depthsOf(parts: Exposures['parts']): Depths {
    const all = sum(parts)[this.#unit];
    if (all === 0) return NOTHING_KNOWN;
    const depths = new Map<number, number>();
    const add = (depth: number, share: number) => depths.set(depth, (depths.get(depth) ?? 0) + share);
    for (const { writer, ...amount } of parts) {
      const share = amount[this.#unit] / all;
      if (share === 0) continue;
      if ('sources' in writer) add(this.#claimOf(writer) === 'human' ? 0 : UNKNOWN, share);
      else for (const [depth, own] of this.#depths.get(writer.model)!) add(depth === UNKNOWN ? UNKNOWN : depth + 1, share * own);
    }
    return depths;
  }

  #fit(made: Made): Promise<Exposures> {
    const known = this.#fits.get(made.key) ?? exposuresOf(this.datasets, made);
    this.#fits.set(made.key, known);
    return known;
  }

  /** The step of that kind that made an artifact; of several with equal outputs the first by key. One that left its start as it was made nothing. */
  #maker(digest: Digest, step: string): Made | undefined {
    return this.datasets.graph.makers.get(digest)?.find((made) => made.step === step && made.inputs.start?.digest !== digest);
  }
}

const sum = (amounts: readonly Amount[]): Amount => {
  const total = { tokens: 0, bytes: 0, records: 0 };
  for (const { tokens, bytes, records } of amounts) {
    total.tokens += tokens;
    total.bytes += bytes;
    total.records += records;
  }
  if (!Object.values(total).every(Number.isSafeInteger)) throw new HabsburgError('failed', 'a fit has seen more than 2^53 tokens or bytes: they cannot be counted exactly'); // prettier-ignore
  return total;
};

const inDigits = ({ tokens, bytes, records }: Amount): Counted => ({
  tokens: `${tokens}`,
  bytes: `${bytes}`,
  records: `${records}`,
});
const decimals = (share: number): string => share.toFixed(12);

function inOrder(depths: Depths): ShareFacts['depth'] {
  const place = (depth: number) => (depth === UNKNOWN ? Infinity : depth);
  return [...depths]
    .sort(([a], [b]) => place(a) - place(b))
    .map(([depth, share]) => ({ depth: depth === UNKNOWN ? 'unknown' : depth, share: decimals(share) }));
}

function rootOf(statements: readonly Digest[]): ShareFacts['statements'] {
  const digests = [...new Set(statements.map(hexOf))].sort();
  return { count: digests.length, root: merkleRoot(digests.map((hex) => leafHash(Buffer.from(hex, 'hex')))).toString('hex') };
}

/** Files a share beside the model that it is of. @returns the statement's digest */
export async function attestShare(
  store: ArtifactStore,
  model: ArtifactRef,
  facts: ShareFacts,
  code: CodeIdentity,
  signer: Signer,
): Promise<Digest> {
  const { files } = await store.manifest(model.digest);
  return addStatement(store, shareAbout(model), shareStatement({ ...model, files }, facts, code), signer);
}

/**
 * Whether what was stated of the shares of these models is what their statements lead to. Statements that came later, of other attempts or
 * with the same claims, change no number and make none wrong.
 */
export async function checkShares(store: ArtifactStore, graph: LineageGraph, of: readonly ArtifactRef[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const model of of) {
    for (const { about, statement, what } of graph.faults)
      if (about === shareAbout(model)) verdicts.push({ verdict: 'unreadable', artifact: model.digest, statement, what });
    const stated = graph.shares.get(model.digest) ?? [];
    if (stated.length === 0) continue;
    const found = await shareOf(store, graph, model);
    for (const { facts, statement } of stated) {
      if (saysSame(facts, found)) continue;
      const { lastFit, statements } = facts as Partial<ShareFacts>;
      const told = `${lastFit?.humanShare ?? 'no share'} of the last fit, from ${statements?.count ?? 'no'} statements`;
      const here = `${found.lastFit?.humanShare ?? 'no share'}, from ${found.statements.count}`;
      verdicts.push({ verdict: 'disagrees', artifact: model.digest, statement, what: `what is stated of the human share of model ${model.digest} (${told}) is not what there is (${here})` }); // prettier-ignore
    }
  }
  return verdicts;
}

function saysSame(stated: unknown, found: ShareFacts): boolean {
  const { statements, sources, ...numbers } = stated as Partial<ShareFacts>;
  const { statements: from, sources: known, ...computed } = found;
  const bare = (of: unknown) => (of as ShareFacts['sources']).map(({ claimedBy: _, ...source }) => source);
  if (!statements || !Array.isArray(sources)) return false;
  if (canonicalJson({ ...numbers, sources: bare(sources) }) !== canonicalJson({ ...computed, sources: bare(known) }))
    return false;
  if (statements.count === from.count) return statements.root === from.root && canonicalJson(sources) === canonicalJson(known);
  const earlier = sources as ShareFacts['sources'];
  return (
    statements.count < from.count &&
    earlier.every(({ claimedBy }, i) =>
      claimedBy.every((one) => known[i].claimedBy.some((other) => canonicalJson(one) === canonicalJson(other))),
    )
  );
}
