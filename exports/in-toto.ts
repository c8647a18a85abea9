/**
 * Everything that is stated of an artifact and of what it came from, signed as it was: an in-toto bundle (JSON Lines of DSSE envelopes,
 * https://github.com/in-toto/attestation/blob/main/spec/v1/bundle.md) beside a store in a folder that holds the ancestry and nothing else,
 * so that every command works on it: `habsburg lineage verify WHAT --store FOLDER`.
 */
import { blobKey, hexOf } from '../artifacts/keys.js';
import { keysUnder } from '../artifacts/keys-under.js';
import { BATCHES } from '../artifacts/log.js';
import { mapBounded } from '../common/bounded.js';
import { signingKeyIn, signingKeyPath } from '../artifacts/signing-keys.js';
import { STORE_MARK } from '../artifacts/store-mark.js';
import { STATEMENTS } from '../artifacts/statements.js';
import { statKept } from '../artifacts/trash.js';
import { sha256, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { openEnvelope, pemOf } from '../signing/envelope.js';
import type { ExportContext, ExportFile, ExportFormat, Subject } from './types.js';

/** Objects read at a time, and the largest of them. */
const READS = 16;
const LIMIT = 64 * 1024 * 1024;
const BUNDLE = 'attestations.intoto.jsonl';
/** Of rooms of statements, whose second part is a step's key or an artifact's digest. */
const ABOUT_ONE = new Set(['steps', 'attempts', 'sources', 'records', 'shares']);

interface Envelope {
  readonly key: string;
  readonly bytes: Buffer;
  readonly keyid: string;
}

export const inToto: ExportFormat = {
  name: 'in-toto',
  title: 'in-toto bundle of signed statements, with a store of the ancestry',
  async files(subject, context) {
    const envelopes = await envelopesOf(subject, context);
    const files: ExportFile[] = [
      { path: STORE_MARK.path, bytes: STORE_MARK.bytes },
      { path: BUNDLE, bytes: Buffer.concat(envelopes.flatMap(({ bytes }) => [bytes, Buffer.from('\n')])) },
      ...envelopes.map(({ key: path, bytes }) => ({ path, bytes })),
      ...(await everything(context, 'keys/')),
      ...(await everything(context, BATCHES)),
      ...(await blobs(subject, context)),
    ];
    const keys = [...new Set(envelopes.map(({ keyid }) => keyid))].sort();
    for (const keyid of keys) {
      const path = signingKeyPath(keyid);
      const pem = pemOf(signingKeyIn(await context.store.objects.read(path, LIMIT), keyid, path));
      files.push({ path: `public-keys/${keyid}.pem`, bytes: Buffer.from(pem) });
    }
    return files;
  },
};

/** In the order of their keys: statements about steps, attempts, sources, records, shares on the way; results that name any of it; revocations. */
async function envelopesOf(subject: Subject, { store: { objects } }: ExportContext): Promise<Envelope[]> {
  const digests = new Set(subject.artifacts.map(({ digest }) => hexOf(digest)));
  const named = new Set([...digests, ...subject.steps.map(({ key }) => hexOf(key))]);
  const keys = (await keysUnder(objects, STATEMENTS)).filter((key) => {
    const [room, one] = key.slice(STATEMENTS.length).split('/', 2);
    return !ABOUT_ONE.has(room) || named.has(one);
  });
  const read = await mapBounded(keys.sort(), READS, async (key) => opened(key, await objects.read(key, LIMIT)));
  return read.filter(
    ({ key, subjects }) => !key.startsWith(`${STATEMENTS}experiments/`) || subjects.some((digest) => digests.has(digest)),
  );
}

/** @throws 'verification' where a statement is not what its name says */
function opened(key: string, bytes: Buffer): Envelope & { readonly subjects: readonly string[] } {
  try {
    if (!key.endsWith(`/${hexOf(sha256(bytes))}.json`)) throw new Error('its bytes do not have the hash that it is named by');
    const { payload, keyid } = openEnvelope(bytes, key);
    const { subject } = JSON.parse(payload.toString('utf8')) as {
      subject: { digest: { sha256: string } }[];
    };
    return { key, bytes, keyid, subjects: subject.map(({ digest }) => digest.sha256) };
  } catch (error) {
    throw new HabsburgError('verification', `${key} is no signed statement (${(error as Error).message}); habsburg store check names what is damaged`); // prettier-ignore
  }
}

async function everything({ store: { objects } }: ExportContext, prefix: string): Promise<ExportFile[]> {
  return mapBounded(await keysUnder(objects, prefix), READS, async (path) => ({ path, bytes: await objects.read(path, LIMIT) }));
}

/** Manifests and files of all artifacts, but those of sources whose bytes were not kept; and the plans of the runs that they are of. */
async function blobs({ artifacts, sources, places }: Subject, { store }: ExportContext): Promise<ExportFile[]> {
  const bare = new Set(sources.filter(({ kept }) => !kept).map(({ artifact }) => artifact.digest));
  const manifests = await mapBounded(artifacts, READS, ({ digest }) => store.manifest(digest));
  const files = artifacts.flatMap(({ digest }, i) => (bare.has(digest) ? [] : manifests[i].files.map((file) => file.digest)));
  const found = new Set<Digest>([...artifacts.map(({ digest }) => digest), ...files]);
  for (const { plan } of places) if (await statKept(store.objects, blobKey(plan))) found.add(plan);
  return [...found].sort().map((blob) => ({ path: blobKey(blob), blob }));
}
