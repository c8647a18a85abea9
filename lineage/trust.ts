/**
 * Who says so: whether the statements that an artifact's lineage rests on were signed by who may, before the key was given up, and whether the
 * store's log still has all of them.
 */
import { batchKey, parting, type Log } from '../artifacts/log.js';
import { revocationsOf, type Revocation } from '../artifacts/revocation.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { refusal, type Room, type TrustPolicy } from '../signing/trust.js';
import type { Filed, LineageGraph } from './graph.js';
import type { Verdict } from './verify.js';
import { ancestryOf, type AncestryGraph } from './walk.js';

/** A head of the log that was kept elsewhere, since it lay there. */
export interface KeptHead {
  readonly from: string;
  readonly note: string;
  readonly size: number;
}

export interface Trust {
  readonly verdicts: readonly Verdict[];
  /** of the statements that were looked at, by whom */
  readonly signedBy: Readonly<Record<string, number>>;
  /** not in the log yet */
  readonly unlogged: number;
  /** places of statements that were logged and are not there any more, of things that others state */
  readonly gone: readonly string[];
}

/** What a statement is, to be trusted in. */
interface Told extends Filed {
  readonly room: Room;
  readonly step?: string;
  readonly verdict: Pick<Verdict, 'artifact' | 'step' | 'key'>;
  readonly words: string;
}

export async function checkTrust(
  store: ArtifactStore,
  graph: LineageGraph,
  of: readonly ArtifactRef[],
  { policy, log, heads = [] }: { readonly policy: TrustPolicy; readonly log: Log; readonly heads?: readonly KeptHead[] },
): Promise<Trust> {
  const ancestry = ancestryOf(graph, of);
  const told = toldOf(graph, of, ancestry);
  const revocations = new Map<string, Revocation[]>();
  for (const keyid of new Set([...told, ...log.heads].map((one) => one.keyid)))
    revocations.set(
      keyid,
      (await revocationsOf(store, keyid)).filter((one) => mayRevoke(policy, one)),
    );
  const signedBy: Record<string, number> = {};
  for (const { keyid } of told) signedBy[keyid] = (signedBy[keyid] ?? 0) + 1;
  const gone = goneFrom(graph, ancestry, log);
  return {
    verdicts: [
      ...told.flatMap((one) => refused(one, policy, log, revocations.get(one.keyid)!, heads)),
      ...gone.verdicts,
      ...logVerdicts(log, policy, heads),
    ],
    signedBy,
    unlogged: told.filter(({ place }) => !log.entries.has(place)).length,
    gone: gone.stated,
  };
}

/** The statements that the lineage of some artifacts rests on: of steps, sources, shares, and where experiments say that they have them. */
function toldOf(graph: LineageGraph, of: readonly ArtifactRef[], { made, sources }: AncestryGraph): Told[] {
  const told: Told[] = made.map(({ step, key, statement, keyid, place }) => ({ statement, keyid, place, room: 'steps', step, verdict: { step, key }, words: `the step ${step} ${key}` })); // prettier-ignore
  for (const [artifact, { claims }] of sources)
    for (const { statement, keyid, place } of claims) told.push({ statement, keyid, place, room: 'sources', verdict: { artifact }, words: `the source ${artifact}` }); // prettier-ignore
  for (const { digest } of of) {
    for (const { statement, keyid, place } of graph.shares.get(digest) ?? []) told.push({ statement, keyid, place, room: 'shares', verdict: { artifact: digest }, words: `the human share of model ${digest}` }); // prettier-ignore
    for (const { result } of graph.belongs.get(digest) ?? []) {
      const { statement, keyid, place, experiment, run } = result;
      told.push({
        statement,
        keyid,
        place,
        room: 'results',
        verdict: { artifact: digest },
        words: `what ${experiment}/${run} has`,
      });
    }
  }
  return [...new Map(told.map((one) => [one.place, one])).values()];
}

/** A key may give itself up. */
const mayRevoke = (policy: TrustPolicy, { keyid, revoked }: Revocation): boolean =>
  keyid === revoked || refusal(policy, keyid, 'keys') === undefined;

function refused(
  { room, step, words, statement, verdict, keyid, place }: Told,
  policy: TrustPolicy,
  log: Log,
  revocations: readonly Revocation[],
  heads: readonly KeptHead[],
): Verdict[] {
  const why = refusal(policy, keyid, room, step);
  if (why !== undefined) return [{ verdict: 'untrusted', ...verdict, statement, keyid, what: `who says it of ${words}: ${why}` }];
  const at = log.entries.get(place);
  return revocations.flatMap(({ reason, entry }): Verdict[] => {
    const given = log.entries.get(entry) ?? Infinity;
    // what was in the log when somebody else kept its head, nobody has made since
    const kept = at !== undefined && heads.some(({ size }) => at < size);
    const before = at !== undefined && at < given;
    if (kept || (reason === 'replaced' && before)) return [];
    const late = reason === 'replaced' ? 'and this stood not in the log before' : 'and no head of the log that was kept elsewhere shows that this was there before'; // prettier-ignore
    return [{ verdict: 'revoked', ...verdict, statement, keyid, what: `${words} is signed by the key ${keyid}, which was given up as ${reason}, ${late}` }]; // prettier-ignore
  });
}

/** What was logged and is not there: where nothing else says the same it is missed. */
function goneFrom(graph: LineageGraph, { made, sources, unattested }: AncestryGraph, { entries }: Log) {
  const steps = new Set(made.map(({ key }) => key.slice('sha256:'.length)));
  const claimed = new Set(
    [...sources].filter(([, { claims }]) => claims.length > 0).map(([digest]) => digest.slice('sha256:'.length)),
  );
  const gap = unattested.length > 0 || claimed.size < sources.size;
  const stated: string[] = [];
  const verdicts: Verdict[] = [];
  for (const place of entries.keys()) {
    if (graph.statements.has(place)) continue;
    const [, room, name] = place.split('/');
    if ((room === 'steps' && steps.has(name)) || (room === 'sources' && claimed.has(name))) stated.push(place);
    // it may be the one that would say how what is unattested was made
    else if (gap && (room === 'steps' || room === 'sources'))
      verdicts.push({ verdict: 'missing', ...(room === 'steps' ? { key: `sha256:${name}` as const } : { artifact: `sha256:${name}` as const }), what: `${place} stands in the log and is not in the store: it was taken away` }); // prettier-ignore
  }
  return { stated, verdicts };
}

function logVerdicts(log: Log, policy: TrustPolicy, heads: readonly KeptHead[]): Verdict[] {
  const wrong = (what: string): Verdict => ({ verdict: 'log', what });
  return [
    ...(log.fault === undefined ? [] : [wrong(log.fault)]),
    ...log.heads.flatMap(({ keyid, batch }): Verdict[] => {
      const why = refusal(policy, keyid, 'log');
      return why === undefined ? [] : [{ verdict: 'untrusted', keyid, what: `who signed ${batchKey(batch)}: ${why}` }];
    }),
    ...heads.flatMap(({ from, note }) => {
      const what = parting(log, note, from);
      return what === undefined ? [] : [wrong(what)];
    }),
  ];
}

/** Takes away what a policy says needs no statement. */
export function withoutExcused(verdicts: readonly Verdict[], { unattested }: TrustPolicy): Verdict[] {
  return verdicts.filter(
    ({ verdict, artifact }) => verdict !== 'unattested' || artifact === undefined || !unattested.has(artifact),
  );
}
