import { generateKeyPairSync, verify, createPublicKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { keyIdOf } from '../../signing/envelope.js';
import { factsText, keyInUse, listKeys, parseKeyFacts, rotate } from '../../signing/key-folder.js';
import { openSigner } from '../../signing/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-keys-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = () => join(root, `keys-${made++}`);
const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing thrown';
};
const pemOf = (pair: ReturnType<typeof pairOf>) => pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const pairOf = () => generateKeyPairSync('ed25519');

describe('keys of a place', () => {
  test('the first who asks makes one, its owner’s alone; whoever asks later gets the same', () => {
    const folder = fresh();
    const key = keyInUse(folder, new Date('2026-01-02T03:04:05Z'));
    const keyid = keyIdOf(key);
    expect(keyIdOf(keyInUse(folder))).toBe(keyid);
    expect(readdirSync(folder).sort()).toEqual([`${keyid}.json`, 'signing.pem']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'signing.pem')).mode & 0o777).toBe(0o600);
    expect(listKeys(folder)).toEqual([
      {
        schema: 'habsburg.key/v1',
        keyid,
        publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }),
        usableFrom: '2026-01-02T03:04:05.000Z',
      },
    ]);
  });

  test('one that follows another leaves nothing to sign with of it', () => {
    const folder = fresh();
    const old = keyIdOf(keyInUse(folder, new Date('2026-01-01T00:00:00Z')));
    const { before, after } = rotate(folder, new Date('2026-02-01T00:00:00Z'));
    expect(before).toMatchObject({ keyid: old, usableFrom: '2026-01-01T00:00:00.000Z', usableUntil: '2026-02-01T00:00:00.000Z' });
    expect(after.usableUntil).toBeUndefined();
    expect(keyIdOf(keyInUse(folder))).toBe(after.keyid);
    expect(after.keyid).not.toBe(old);
    expect(listKeys(folder)).toEqual([before, after]);
    expect(readdirSync(folder).sort()).toEqual([`${old}.json`, `${after.keyid}.json`, 'signing.pem'].sort());
    expect(message(() => rotate(fresh()))).toMatch(/no such file/);
  });

  test('a key that others can read, or that is something else, is refused without a word of what it holds', () => {
    const folder = fresh();
    keyInUse(folder);
    const file = join(folder, 'signing.pem');
    chmodSync(file, 0o640);
    expect(message(() => keyInUse(folder))).toBe(
      `${file} can be read by others than its owner; run chmod 600 on it, or make a new key`,
    );
    chmodSync(file, 0o600);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const locked = pairOf().privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
    for (const text of [privateKey.export({ type: 'pkcs8', format: 'pem' }), locked, 'hunter2', '']) {
      writeFileSync(file, text);
      expect(message(() => keyInUse(folder))).toBe(`${file} holds no Ed25519 private key in PEM (PKCS#8, no passphrase)`);
    }
  });

  test('facts of a key are believed where the id is its own', () => {
    const folder = fresh();
    const [one, two] = [keyInUse(folder), keyInUse(fresh())];
    const [facts] = listKeys(folder);
    expect(parseKeyFacts(factsText(facts), 'k')).toEqual(facts);
    expect(keyIdOf(one)).not.toBe(keyIdOf(two));
    expect(message(() => parseKeyFacts(factsText({ ...facts, keyid: keyIdOf(two) }), 'k'))).toBe(
      'k has the id of another key; it does not say which key this is',
    );
    expect(message(() => parseKeyFacts(JSON.stringify({ ...facts, usableUntil: 'never' }), 'k'))).toMatch(
      /^k is no habsburg.key\/v1 document: usableUntil: /,
    );
    expect(message(() => parseKeyFacts(JSON.stringify({ ...facts, private: 'x' }), 'k'))).toMatch(
      /^k is no habsburg.key\/v1 document: /,
    );
    expect(message(() => parseKeyFacts('{', 'k'))).toBe('k is not JSON; it does not say which key this is');
  });
});

describe('who signs', () => {
  const body = Buffer.from('what is signed');

  test('the key of the place, or one that the environment gives as text or as a file', async () => {
    const folder = fresh();
    expect(openSigner(folder, {}).keyid).toBe(keyIdOf(keyInUse(folder)));
    const pair = pairOf();
    const file = join(root, 'given.pem');
    writeFileSync(file, pemOf(pair), { mode: 0o600 });
    const nowhere = fresh();
    for (const value of [pemOf(pair), file]) {
      const signer = openSigner(nowhere, { HABSBURG_SIGNING_KEY: value });
      expect(signer.keyid).toBe(keyIdOf(pair.publicKey));
      expect(verify(null, body, pair.publicKey, await signer.sign(body))).toBe(true);
    }
    expect(() => readdirSync(nowhere)).toThrow(/ENOENT/);
  });

  test('a command, whose signature is believed where it holds', async () => {
    const pair = pairOf();
    const file = join(root, 'agent.pem');
    writeFileSync(file, pemOf(pair), { mode: 0o600 });
    const agent = join(root, 'agent.mjs');
    writeFileSync(
      agent,
      `import { createPrivateKey, sign } from 'node:crypto'; import { readFileSync } from 'node:fs';
      process.stdout.write(sign(null, readFileSync(0), createPrivateKey(readFileSync(process.argv[2]))).toString('base64') + '\\n');`,
    );
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const by = (command: string, publicKey = pem) =>
      openSigner(fresh(), { PATH: process.env.PATH, HABSBURG_SIGNING_COMMAND: command, HABSBURG_SIGNING_PUBLIC_KEY: publicKey });
    const right = `"${process.execPath}" "${agent}" "${file}"`;
    expect(by(right).keyid).toBe(keyIdOf(pair.publicKey));
    expect(verify(null, body, pair.publicKey, await by(right).sign(body))).toBe(true);
    const another = pairOf().publicKey.export({ type: 'spki', format: 'pem' }) as string;
    await expect(by(right, another).sign(body)).rejects.toThrow(/signed with another key than [0-9a-f]{64}/);
    await expect(by('echo no').sign(body)).rejects.toThrow(/printed no Ed25519 signature/);
    await expect(by('exit 3').sign(body)).rejects.toMatchObject({ kind: 'unreachable', message: 'HABSBURG_SIGNING_COMMAND ended with exit code 3; nothing was signed' }); // prettier-ignore
  });

  test('what contradicts itself is refused', () => {
    const folder = fresh();
    expect(message(() => openSigner(folder, { HABSBURG_SIGNING_COMMAND: 'a', HABSBURG_SIGNING_KEY: 'b' }))).toMatch(/^both /);
    expect(message(() => openSigner(folder, { HABSBURG_SIGNING_COMMAND: 'a' }))).toMatch(/without HABSBURG_SIGNING_PUBLIC_KEY/);
    expect(message(() => openSigner(folder, { HABSBURG_SIGNING_PUBLIC_KEY: 'a' }))).toMatch(/without HABSBURG_SIGNING_COMMAND/);
    expect(message(() => openSigner(folder, { HABSBURG_SIGNING_KEY: '/nowhere.pem' }))).toMatch(/\/nowhere.pem/);
    const garbled = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';
    expect(message(() => openSigner(folder, { HABSBURG_SIGNING_KEY: garbled }))).toBe(
      'HABSBURG_SIGNING_KEY holds no Ed25519 private key in PEM (PKCS#8, no passphrase)',
    );
  });
});
