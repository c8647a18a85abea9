/** What the commands of lineage share: a store's statements with progress, and how artifacts and steps are called. */
import { readFile } from 'node:fs/promises';
import { openArtifactStore } from '../../../artifacts/open.js';
import type { ArtifactStore } from '../../../artifacts/types.js';
import type { Digest } from '../../../common/canonical.js';
import { HabsburgError, fromSystemError } from '../../../common/errors.js';
import { readGraph, type Claim, type LineageGraph } from '../../../lineage/graph.js';
import { stepWords as words } from '../../../lineage/words.js';
import { visible } from '../../../report/text.js';
import { nowAndThen } from '../../output.js';
import { resolveStoreUrl } from '../../store-option.js';

export interface LineageOptions {
  readonly store?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function openLineage(
  options: LineageOptions,
  signal?: AbortSignal,
): Promise<{ store: ArtifactStore; graph: LineageGraph }> {
  const store = openArtifactStore(resolveStoreUrl(options.store));
  const tell = nowAndThen(options.quiet);
  const graph = await readGraph(store, { signal, progress: (done, of) => tell(() => `${done} of ${of} statements read`) });
  return { store, graph };
}

/** "finetune of opt, generation 3" */
export const stepWords = (made: Parameters<typeof words>[0]): string => visible(words(made));

/** Where an artifact belongs to: "quickstart/replace/seed-1, generation 3, opt/model". */
export function placesOf({ belongs }: LineageGraph, digest: Digest): string[] {
  const places = (belongs.get(digest) ?? []).map(({ result: { experiment, run, generations }, role }) => {
    const stretch = generations && (generations.from === generations.to ? `${generations.from}` : `${generations.from} to ${generations.to}`); // prettier-ignore
    return visible([`${experiment}/${run}`, ...(stretch === undefined ? [] : [`generation ${stretch}`]), role].join(', '));
  });
  return [...new Set(places)];
}

/** "Trees, CC0-1.0, https://…", as it was claimed. */
export const claimWords = ({ name, licence, uri, kept }: Claim): string =>
  visible([name, ...(licence === undefined ? [] : [licence]), ...(uri === undefined ? [] : [uri]), ...(kept ? [] : ['bytes not kept'])].join(', ')); // prettier-ignore

/** Bytes of a secret that texts are keyed with, at least. */
const SECRET_BYTES = 32;

/** @throws 'invalid' where the file holds too little to be one */
export async function readSecret(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  const secret = await readFile(path).catch((error: unknown) => {
    throw fromSystemError(error, `reading ${path}`);
  });
  if (secret.length < SECRET_BYTES)
    throw new HabsburgError('invalid', `--key ${path} has ${secret.length} bytes; a secret has ${SECRET_BYTES} or more: head -c 32 /dev/urandom > ${path}`); // prettier-ignore
  return secret;
}
