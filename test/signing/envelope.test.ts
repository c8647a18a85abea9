import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { canonicalJson } from '../../common/canonical.js';
import { IN_TOTO_PAYLOAD, keyIdOf, preAuthEncoding, sealed, signerOf, verifyEnvelope } from '../../signing/envelope.js';

const golden = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../golden/signing/${name}`, import.meta.url)));

/** Ed25519 in PKCS#8, before the 32 bytes of the key. */
const PKCS8 = '302e020100300506032b657004220420';
const keyOfSeed = (hex: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(PKCS8 + hex, 'hex'), format: 'der', type: 'pkcs8' });

/** RFC 8032, 7.1, test 1. */
const key = keyOfSeed('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const signer = signerOf(key);
const publicKey = createPublicKey(key);
const keys = new Map([[signer.keyid, publicKey]]);
const refusal = (bytes: Buffer, trusted: ReadonlyMap<string, KeyObject> = keys): string => {
  try {
    verifyEnvelope(bytes, trusted, 'a.json');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('signed statement', () => {
  test("what is signed is DSSE's own example", () => {
    expect(preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
    expect(preAuthEncoding('t', Buffer.from('π')).toString()).toBe('DSSEv1 1 t 2 π');
  });

  test('is byte for byte what securesystemslib signs and in-toto-attestation reads', async () => {
    const envelope = golden('envelope.json');
    const statement = golden('statement.json');
    expect((await sealed(statement, signer)).equals(envelope)).toBe(true);
    const spki = createPublicKey(golden('public.pem'));
    const keyid = createHash('sha256')
      .update(spki.export({ type: 'spki', format: 'der' }))
      .digest('hex');
    const signed = verifyEnvelope(envelope, new Map([[keyid, spki]]), 'envelope.json');
    expect(signed.keyid).toBe(keyid);
    expect(signed.payload.equals(statement)).toBe(true);
  });

  test('of ten of them no flipped bit passes; a reader that lets the form vary takes some', async () => {
    let flips = 0;
    let accepted = 0;
    let lax = 0;
    for (let i = 0; i < 10; i++) {
      const statement = {
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: 'π'.repeat(i), digest: { sha256: 'ab' } }],
      };
      const envelope = await sealed(Buffer.from(canonicalJson(statement)), signer);
      for (let bit = 0; bit < envelope.length * 8; bit++) {
        const other = Buffer.from(envelope);
        other[bit >> 3] ^= 1 << (bit & 7);
        flips++;
        if (refusal(other) === 'accepted') accepted++;
        if (i === 0 && laxlyAccepted(other)) lax++;
      }
      expect(refusal(envelope)).toBe('accepted');
    }
    expect(flips).toBeGreaterThan(20_000);
    expect(accepted).toBe(0);
    expect(lax).toBeGreaterThan(400);
  });

  test('each other form of the same envelope is refused', () => {
    const text = golden('envelope.json').toString();
    const fields = JSON.parse(text) as { payload: string; payloadType: string; signatures: [{ keyid: string; sig: string }] };
    const { payload, payloadType, signatures } = fields;
    const forms: Record<string, string> = {
      'white space': `${text}\n`,
      'order of fields': JSON.stringify({ payloadType, payload, signatures }),
      'a field more': canonicalJson({ ...fields, extra: 1 }),
      'a field twice': text.replace('{"payload"', `{"payload":"","payload"`),
      'a field more in the signature': canonicalJson({ ...fields, signatures: [{ ...signatures[0], extension: {} }] }),
      'no padding': canonicalJson({ ...fields, signatures: [{ ...signatures[0], sig: signatures[0].sig.replace(/=+$/, '') }] }),
      'URL-safe base64': canonicalJson({
        ...fields,
        signatures: [{ ...signatures[0], sig: signatures[0].sig.replaceAll('+', '-').replaceAll('/', '_') }],
      }),
      'another type': canonicalJson({ ...fields, payloadType: 'text/plain' }),
    };
    expect(signatures[0].sig).toMatch(/[+/]/);
    for (const [name, form] of Object.entries(forms))
      expect([name, refusal(Buffer.from(form))]).toEqual([name, 'a.json is not in the one form of a signed statement']);
    expect(refusal(Buffer.from(canonicalJson({ ...fields, signatures: [...signatures, ...signatures] })))).toBe(
      'a.json has 2 signatures; a statement that several sign is filed once for each',
    );
    expect(refusal(Buffer.from(canonicalJson({ ...fields, signatures: [null] })))).toBe(
      'a.json has a signature without keyid and sig',
    );
    expect(refusal(Buffer.from('null'))).toBe('a.json is no signed statement: it has no payload and signatures');
    expect(refusal(golden('statement.json'))).toBe('a.json is no signed statement: it has no payload and signatures');
    expect(refusal(Buffer.from('{'))).toBe('a.json is not JSON');
  });

  test("another's signature, payload, id or type of payload is refused", async () => {
    const envelope = golden('envelope.json');
    const fields = JSON.parse(envelope.toString()) as { payload: string; signatures: [{ keyid: string; sig: string }] };
    const other = generateKeyPairSync('ed25519');
    const stranger = signerOf(other.privateKey);
    const theirs = await sealed(golden('statement.json'), stranger);
    expect(refusal(theirs)).toBe(`a.json is signed by the key ${stranger.keyid}, which is not among those that are known`);
    const posing = await sealed(golden('statement.json'), { ...stranger, keyid: signer.keyid });
    const forged = `a.json is not what the key ${signer.keyid} signed: it was changed, or the signature is another statement's`;
    expect(refusal(posing)).toBe(forged);
    const swapped = { ...fields, payload: Buffer.from('{"a":1}').toString('base64'), payloadType: IN_TOTO_PAYLOAD };
    expect(refusal(Buffer.from(canonicalJson(swapped)))).toBe(forged);
    // signed as a payload of another type: the type is part of what is signed
    const sig = sign(null, preAuthEncoding('application/json', golden('statement.json')), key).toString('base64');
    expect(
      refusal(
        Buffer.from(canonicalJson({ ...fields, payloadType: IN_TOTO_PAYLOAD, signatures: [{ keyid: signer.keyid, sig }] })),
      ),
    ).toBe(forged);
    expect(refusal(theirs, new Map([[stranger.keyid, createPublicKey(key)]]))).toBe(
      `a.json names the key ${stranger.keyid}, but what is listed under this id is another key`,
    );
    const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expect(sealed(Buffer.from('{}'), signerOf(ecdsa.privateKey))).rejects.toThrow(/Ed25519 signatures have 64/);
    expect(keyIdOf(key)).toBe(keyIdOf(createPublicKey(key)));
  });
});

/** As most readers do: JSON, base64, signature. */
function laxlyAccepted(bytes: Buffer): boolean {
  try {
    const { payload, payloadType, signatures } = JSON.parse(bytes.toString()) as {
      payload: string;
      payloadType: string;
      signatures: { sig: string }[];
    };
    return signatures.some(({ sig }) =>
      verify(null, preAuthEncoding(payloadType, Buffer.from(payload, 'base64')), publicKey, Buffer.from(sig, 'base64')),
    );
  } catch {
    return false;
  }
}
