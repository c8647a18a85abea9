/**
 * A model with a signature over its files: OpenSSF Model Signing v1.0 (https://github.com/ossf/model-signing-spec), a Sigstore bundle v0.3
 * with a bare key. `model_signing verify key --signature model.sig --public_key model.pub.pem model`
 */
import { createHash } from 'node:crypto';
import { STATEMENT_TYPE } from '../artifacts/in-toto.js';
import { hexOf } from '../artifacts/keys.js';
import { canonicalJson } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { IN_TOTO_PAYLOAD, preAuthEncoding } from '../signing/envelope.js';
import type { ModelKey } from '../signing/model-key.js';
import { filesUnder, jsonFile } from './files.js';
import type { ExportFormat, Subject } from './types.js';

const FOLDER = 'model';
const PREDICATE_TYPE = 'https://model_signing/signature/v1.0';
const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** What verifiers leave out by themselves. */
const IGNORED = ['.git', '.gitattributes', '.github', '.gitignore'];

export const oms: ExportFormat = {
  name: 'oms',
  title: 'OpenSSF Model Signing v1.0',
  of: ['model'],
  files(subject, context) {
    const key = context.modelKey();
    return [
      ...filesUnder(FOLDER, subject.artifact),
      jsonFile('model.sig', signature(subject, key)),
      { path: 'model.pub.pem', bytes: Buffer.from(key.publicKey) },
    ];
  },
};

function signature({ artifact }: Subject, key: ModelKey): object {
  const ignored = artifact.files.find(({ path }) => IGNORED.includes(path.split('/', 1)[0]));
  if (ignored)
    throw new HabsburgError('invalid', `${ignored.path} of ${artifact.digest} is a file that model signatures leave out`);
  const payload = Buffer.from(canonicalJson(statementOf(artifact.files)));
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: {
      // of the text in PEM, not of the key in DER as elsewhere: so verifiers look it up
      publicKey: { hint: createHash('sha256').update(key.publicKey).digest('hex') },
      tlogEntries: [],
    },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: IN_TOTO_PAYLOAD,
      signatures: [{ sig: key.sign(preAuthEncoding(IN_TOTO_PAYLOAD, payload)).toString('base64'), keyid: '' }],
    },
  };
}

/** The digest of a model is that of its files' raw digests one after another, in the order in which they are listed. */
function statementOf(files: Subject['artifact']['files']): object {
  const resources = files.map(({ path, digest }) => ({ name: path, algorithm: 'sha256', digest: hexOf(digest) }));
  const whole = createHash('sha256');
  for (const { digest } of resources) whole.update(Buffer.from(digest, 'hex'));
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: FOLDER, digest: { sha256: whole.digest('hex') } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: IGNORED },
      resources,
    },
  };
}
