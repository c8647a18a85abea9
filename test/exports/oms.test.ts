/** A signed model: what is signed, who accepts it, and what they refuse. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openModelKey } from '../../signing/model-key.js';
import { Exports, House, edit, filesIn, flip } from './support.js';
import { changed, validated, verdicts } from './validators.js';

let exports: Exports;
beforeAll(async () => {
  exports = new Exports(await House.built());
});
afterAll(() => exports.remove());

const hex = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

test('the files are those of the model, and the signature is over their hashes in order', async () => {
  const files = filesIn(await exports.write('oms', '1/model'));
  expect(Object.keys(files)).toEqual(['model.pub.pem', 'model.sig', 'model/config.json', 'model/model.safetensors']);
  expect(files['model/model.safetensors'].toString()).toBe('weights of 1');
  const { dsseEnvelope, verificationMaterial } = JSON.parse(files['model.sig'].toString());
  expect(verificationMaterial.publicKey.hint).toBe(hex(files['model.pub.pem']));
  const payload = Buffer.from(dsseEnvelope.payload, 'base64');
  const resources = ['config.json', 'model.safetensors'].map((name) => ({ name, algorithm: 'sha256', digest: hex(files[`model/${name}`]) }));
  const { subject, predicate } = JSON.parse(payload.toString());
  expect(predicate.resources).toEqual(resources);
  expect(subject[0].digest.sha256).toBe(hex(Buffer.concat(resources.map(({ digest }) => Buffer.from(digest, 'hex')))));
  const signed = Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} ${payload.toString()}`);
  expect(verify('sha256', signed, createPublicKey(files['model.pub.pem']), Buffer.from(dsseEnvelope.signatures[0].sig, 'base64'))).toBe(true); // prettier-ignore
}); // prettier-ignore

test('a second export differs in the signature alone', async () => {
  const [one, two] = [filesIn(await exports.write('oms', '1/model')), filesIn(await exports.write('oms', '1/model'))];
  const signed = (bytes: Buffer) => JSON.parse(bytes.toString()).dsseEnvelope.payload as string;
  expect(signed(two['model.sig'])).toBe(signed(one['model.sig']));
  expect({ ...two, 'model.sig': one['model.sig'] }).toEqual(one);
});

test("the key is made once and is its owner's alone; another kind of key is refused without its bytes", () => {
  const file = join(exports.root, 'own', 'model-signing.pem');
  expect(openModelKey(file).publicKey).toBe(openModelKey(file).publicKey);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  chmodSync(file, 0o640);
  expect(() => openModelKey(file)).toThrow(/can be read by others/);
  writeFileSync(file, 'secret', { mode: 0o600 });
  chmodSync(file, 0o600);
  expect(() => openModelKey(file)).toThrow(/^(?!.*secret).*holds no ECDSA private key over P-256/);
});

validated('model-signing takes it, and refuses every change of it', async () => {
  const folder = await exports.write('oms', '1/model');
  const payload = (change: (statement: any) => void) => (copy: string) =>
    edit(join(copy, 'model.sig'), ({ dsseEnvelope }) => {
      const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString());
      change(statement);
      dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
    });
  const other = await exports.write('oms', '0/model');
  const broken = changed(folder, {
    'a flipped bit of the weights': (copy) => flip(join(copy, 'model', 'model.safetensors')),
    'a file more': (copy) => writeFileSync(join(copy, 'model', 'more.bin'), 'x'),
    'a file less': (copy) => rmSync(join(copy, 'model', 'config.json')),
    'a file renamed': (copy) => renameSync(join(copy, 'model', 'config.json'), join(copy, 'model', 'other.json')),
    'another digest in what is signed': payload(({ predicate }) => (predicate.resources[0].digest = '0'.repeat(64))),
    'another signature': (copy) =>
      edit(join(copy, 'model.sig'), ({ dsseEnvelope }) => {
        const sig = Buffer.from(dsseEnvelope.signatures[0].sig, 'base64');
        sig[sig.length - 1] ^= 1;
        dsseEnvelope.signatures[0].sig = sig.toString('base64');
      }),
    "another model's signature": (copy) => writeFileSync(join(copy, 'model.sig'), filesIn(other)['model.sig']),
    'another key': (copy) => writeFileSync(join(copy, 'model.pub.pem'), openModelKey(join(exports.root, 'another.pem')).publicKey), // prettier-ignore
  });
  const [accepted, ...refused] = verdicts('oms', [folder, ...broken]);
  expect(accepted).toBeNull();
  expect(refused.map((said, i) => [broken[i], said === null])).toEqual(broken.map((copy) => [copy, false]));
});
