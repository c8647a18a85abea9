/** habsburg keys and lineage log, as they are typed. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appendLog } from '../../artifacts/log.js';
import { parseTrust } from '../../signing/trust.js';
import { Household } from '../lineage/support.js';
import { signer } from '../support/signer.js';
import { habsburg } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-keys-'));
const at = (name: string): string => join(root, name);
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeAll(async () => {
  const house = new Household();
  await house.live(1);
  await appendLog(house.store, signer);
  await house.into(at('store'));
});

const keys = (...words: string[]) => habsburg('keys', ...words, '--keys', at('keys'));
const of = (out: string) => JSON.parse(out) as Record<string, any>;

test('generate makes one key and keeps it, rotate another; list has both, and the store’s', async () => {
  const first = of((await keys('generate', '--json')).out);
  expect(of((await keys('generate', '--json')).out).keyid).toBe(first.keyid);
  expect(statSync(at('keys/signing.pem')).mode & 0o777).toBe(0o600);
  const { before, after } = of((await keys('rotate', '--json')).out);
  expect([before, after === before]).toEqual([first.keyid, false]);
  const { keys: listed } = of((await keys('list', '--store', at('store'), '--json')).out);
  expect(listed).toMatchObject([
    { keyid: before, own: true, usableUntil: expect.any(String) },
    { keyid: after, own: true },
    { keyid: signer.keyid, own: false, revoked: [] },
  ]);
  expect((await keys('list', '--store', at('store'))).out).toContain(`${signer.keyid}  of somebody else; signed in the store\n`);
  const policy = parseTrust((await keys('policy', '--name', 'The lab')).out, 'p.yaml');
  expect([...policy.keys]).toEqual([before, after].map((keyid) => [keyid, { name: 'The lab' }]));
});

test('generate --out writes a private key for workers elsewhere, once', async () => {
  const { keyid } = of((await keys('generate', '--out', at('worker.pem'), '--json')).out);
  expect(statSync(at('worker.pem')).mode & 0o777).toBe(0o600);
  const again = await keys('generate', '--out', at('worker.pem'));
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('is there already')]);
  process.env.HABSBURG_SIGNING_KEY = at('worker.pem');
  try {
    expect((await keys('policy')).out).toContain(`keyid: ${keyid}`);
  } finally {
    delete process.env.HABSBURG_SIGNING_KEY;
  }
});

test('revoke states it in the store and its log; the log’s head is printed, checked against one that was kept, and told when it parts', async () => {
  const log = (...words: string[]) => habsburg('lineage', 'log', '--store', at('store'), ...words);
  const head = await log('--quiet');
  expect(head.out).toMatch(/^habsburg\/[0-9a-f]{32}\n\d+\n[A-Za-z0-9+/]{43}=\n\n\u2014 habsburg\/[0-9a-f]{32} \S+\n$/);
  writeFileSync(at('head.txt'), head.out);
  const revoked = await keys('revoke', signer.keyid, '--reason', 'compromised', '--store', at('store'), '--json');
  expect(of(revoked.out)).toMatchObject({
    keyid: signer.keyid,
    reason: 'compromised',
    logSize: Number(head.out.split('\n')[1]) + 1,
  });
  const grown = of((await log('--head', at('head.txt'), '--json')).out);
  expect(grown).toMatchObject({ problems: [], waiting: 0, missing: [], heads: [{ batch: 1 }, { batch: 2 }] });
  expect(grown.verifier).toMatch(/^habsburg\/[0-9a-f]{32}\+[0-9a-f]{8}\+/);
  writeFileSync(at('other.txt'), head.out.replace(/^habsburg\/./, 'habsburg/0').replace(/^habsburg\/0/, head.out[9] === '0' ? 'habsburg/1' : 'habsburg/0')); // prettier-ignore
  const parted = await log('--head', at('other.txt'));
  expect([parted.code, parted.out]).toEqual([3, expect.stringContaining('is the head of another log')]);
  const nobody = await keys('revoke', '0'.repeat(64), '--reason', 'replaced', '--store', at('store'));
  expect([nobody.code, nobody.err]).toEqual([4, expect.stringContaining('nothing in')]);
  expect((await keys('revoke', signer.keyid, '--store', at('store'))).code).toBe(2);
  expect(readFileSync(at('head.txt'), 'utf8')).toBe(head.out);
});
