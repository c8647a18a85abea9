/** Keys that are the same in every test: made of a number in place of chance. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { signerOf, type Signer } from '../../signing/envelope.js';

/** PKCS#8 of an Ed25519 key, before its 32 bytes */
const HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export const privateKeyOf = (n: number): KeyObject =>
  createPrivateKey({ key: Buffer.concat([HEAD, Buffer.alloc(32, n)]), format: 'der', type: 'pkcs8' });

export const signerNumber = (n: number): Signer => signerOf(privateKeyOf(n));

export const signer: Signer = signerNumber(1);

/** What an envelope's bytes hold, whoever signed it. */
export const signedJson = (envelope: string | Buffer): unknown =>
  JSON.parse(Buffer.from((JSON.parse(envelope.toString()) as { payload: string }).payload, 'base64').toString());
