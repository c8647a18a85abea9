/**
 * Everything that is stated of an artifact and of what it came from, signed as it was: an in-toto bundle (JSON Lines of DSSE envelopes,
 * https://github.com/in-toto/attestation/blob/main/spec/v1/bundle.md) beside a store in a folder that holds the ancestry and nothing else,
 * so that every command works on it: `habsburg lineage verify WHAT --store FOLDER`.
 */
import { blobKey, hexOf } from '../artifacts/keys.js';
import { BATCHES } from '../artifacts/log.js';
import { parseManifest } from '../artifacts/manifest.js';
import { signingKeyIn, signingKeyPath } from '../artifacts/signing-keys.js';
import { STORE_MARK } from '../artifacts/store-mark.js';
import { STATEMENTS } from '../artifacts/statements.js';
import { sha256, type Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import type { ExportContext, ExportFile, ExportFormat, Subject } from './types.js';

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
      const pem = signingKeyIn(await context.read(path), keyid, path).export({ type: 'spki', format: 'pem' });
      files.push({ path: `public-keys/${keyid}.pem`, bytes: Buffer.from(pem) });
    }
    return files;
  },
};

/** In the order of their keys: statements about steps, attempts, sources, records, shares on the way; results that name any of it; revocations. */
async function envelopesOf(subject: Subject, { list, read }: ExportContext): Promise<Envelope[]> {
  const digests = new Set(subject.artifacts.map(({ digest }) => hexOf(digest)));
  const named = new Set([...digests, ...subject.steps.map(({ key }) => hexOf(key))]);
  const found: Envelope[] = [];
  for await (const key of list(STATEMENTS)) {
    const [room, one] = key.slice(STATEMENTS.length).split('/', 2);
    if (ABOUT_ONE.has(room) && !named.has(one)) continue;
    const envelope = opened(key, await read(key));
    if (room !== 'experiments' || envelope.subjects.some((digest) => digests.has(digest))) found.push(envelope);
  }
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** @throws 'verification' where a statement is not what its name says */
function opened(key: string, bytes: Buffer): Envelope & { readonly subjects: readonly string[] } {
  try {
    if (!key.endsWith(`/${hexOf(sha256(bytes))}.json`)) throw new Error('its bytes do not have the hash that it is named by');
    const { payload, signatures } = JSON.parse(bytes.toString('utf8')) as { payload: string; signatures: [{ keyid: string }] };
    const { subject } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as {
      subject: { digest: { sha256: string } }[];
    };
    return { key, bytes, keyid: signatures[0].keyid, subjects: subject.map(({ digest }) => digest.sha256) };
  } catch (error) {
    throw new HabsburgError('verification', `${key} is no signed statement (${(error as Error).message}); habsburg store check names what is damaged`); // prettier-ignore
  }
}

async function everything({ list, read }: ExportContext, prefix: string): Promise<ExportFile[]> {
  const files: ExportFile[] = [];
  for await (const path of list(prefix)) files.push({ path, bytes: await read(path) });
  return files;
}

/** Manifests and files of all artifacts, but those of sources whose bytes were not kept; and the plans of the runs that they are of. */
async function blobs({ artifacts, sources, places }: Subject, { read }: ExportContext): Promise<ExportFile[]> {
  const found = new Set<Digest>();
  const kept = new Map(sources.map((source) => [source.artifact.digest, source.kept]));
  for (const { digest } of artifacts) {
    found.add(digest);
    if (kept.get(digest) === false) continue;
    for (const file of parseManifest(await read(blobKey(digest)), digest).files) found.add(file.digest);
  }
  for (const { plan } of places)
    try {
      await read(blobKey(plan));
      found.add(plan);
    } catch (error) {
      if (!isHabsburgError(error) || error.kind !== 'notFound') throw error;
    }
  return [...found].sort().map((blob) => ({ path: blobKey(blob), blob }));
}
