/** Signed heads against one that Go's golang.org/x/mod/sumdb/note opened and sumdb/tlog parsed. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { openHead, readHead, signedHead, verifierKey } from '../../signing/checkpoint.js';
import { signer, signerNumber } from '../support/signer.js';

const golden = (name: string): string => readFileSync(new URL(`../golden/signing/${name}`, import.meta.url), 'utf8');

test('the note that Go opens is opened here with the same key, under the same name', () => {
  const [, key] = /^[^+]+\+[0-9a-f]{8}\+(.+)$/.exec(golden('vkey.txt').trim())!;
  const raw = Buffer.from(key, 'base64').subarray(1);
  const publicKey = createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki' }); // prettier-ignore
  const head = openHead(golden('checkpoint.txt'), publicKey, 'a head');
  expect([head.origin, head.size, head.root.toString('hex')]).toEqual([
    'habsburg.example/lab/log',
    13,
    Buffer.from('3Zlkg8n85OUZyrWRDS3XE/t2pPZl54trM1L4GUvEgbA=', 'base64').toString('hex'),
  ]);
  expect(verifierKey(head.origin, publicKey)).toBe(golden('vkey.txt').trim());
});

test('every flipped bit is told, and another key or name', async () => {
  const head = { origin: 'a/log', size: 12, root: Buffer.alloc(32, 5) };
  const note = await signedHead(head, signer);
  expect(openHead(note, signer.publicKey, 'a head')).toEqual(head);
  expect(readHead(note, 'a head')).toEqual(head);
  const bytes = Buffer.from(note);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    expect(() => openHead(flipped.toString('utf8'), signer.publicKey, 'a head')).toThrow();
  }
  expect(() => openHead(note, signerNumber(2).publicKey, 'a head')).toThrow(/by another key/);
  expect(() => openHead(note.replace('\u2014 a/log', '\u2014 b/log'), signer.publicKey, 'a head')).toThrow(/under another name/);
  expect(() => readHead('hello\n', 'a head')).toThrow('a head is no signed head of a log');
});
