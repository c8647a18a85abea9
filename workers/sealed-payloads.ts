/**
 * What an embedded server is given is sealed with the secret of its home. Its ports ask nobody who he is, so every user of the
 * machine, and every web page in a browser on it, can hand it work. Only who holds the secret can seal work that our workers open;
 * nobody else reads plans, results and progress either.
 *
 * AES-256-GCM under a key of its own, a fresh nonce for each payload. Inside the seal stands whose payload it is, so that one that
 * was observed cannot be handed to another workflow. What stays readable are the lines about steps and workflows (common/summary.ts).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import type { DataConverter, Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { HabsburgError } from '../common/errors.js';
import { REFUSED } from '../common/refused.js';
import { isSummary } from '../common/summary.js';

/** As Temporal's examples of encryption call it in metadata.encoding. */
const ENCODING = Buffer.from('binary/encrypted');
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;

/** The first bytes of what is sealed; the payload's own data follow. */
interface Header {
  /** the workflow or activity that the payload belongs to */
  readonly owner: string;
  /** metadata of the payload, in Base64 */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What becomes of a payload that was not sealed with the secret, or not for the one that reads it.
 * `refuse`, for activities: an error.
 * `mark`, for workflow code: a value that it knows (REFUSED), as a workflow whose input cannot be read would be tried again for ever.
 * `show`, for clients, who only print what they read: what is in clear (an earlier version wrote so) is passed on, the rest is nothing.
 */
export type Foreign = 'refuse' | 'mark' | 'show';

/** @param secret 32 bytes that client and workers have in common */
export function sealedPayloads(secret: Uint8Array, foreign: Foreign): DataConverter {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'habsburg payloads, version 1', 32));
  const codec: PayloadCodec = {
    encode: async (payloads, context) =>
      payloads.map((payload) => (isLine(payload) ? payload : seal(key, payload, ownerOf(context)))),
    decode: async (payloads, context) =>
      payloads.map((payload) => {
        const opened = unseal(key, payload, context && ownerOf(context));
        if (opened) return opened;
        if (foreign === 'mark') return defaultPayloadConverter.toPayload(REFUSED);
        if (foreign === 'show') return isSealed(payload) ? defaultPayloadConverter.toPayload(undefined) : payload;
        throw new HabsburgError('invalid', REFUSED.refused);
      }),
  };
  return { payloadCodecs: [codec] };
}

const isSealed = ({ metadata }: Payload): boolean => ENCODING.equals(metadata?.encoding ?? new Uint8Array());

/** A line for Temporal's UI, which holds no secret to open it with. Nothing else that we send is a text of that form; none is believed. */
function isLine({ metadata, data }: Payload): boolean {
  if (!data || data.length > 400 || Buffer.from(metadata?.encoding ?? []).toString() !== 'json/plain') return false;
  return isSummary(JSON.parse(Buffer.from(data).toString('utf8')));
}

function ownerOf(context: SerializationContext | undefined): string {
  if (context === undefined) return '';
  const { type, namespace, workflowId } = context;
  return JSON.stringify([type, namespace, workflowId, ...(context.type === 'activity' ? [context.activityId] : [])]);
}

function seal(key: Buffer, { metadata, data }: Payload, owner: string): Payload {
  const header: Header = {
    owner,
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
  };
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(head.byteLength);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  // a payload without data (the answer of an update that returns nothing) comes from protobuf as one with an empty list
  const body = data && data.length > 0 ? data : new Uint8Array();
  const sealed = [length, head, body].map((part) => cipher.update(part));
  return { metadata: { encoding: ENCODING }, data: Buffer.concat([nonce, ...sealed, cipher.final(), cipher.getAuthTag()]) };
}

/** Undefined for what was not sealed with this key, or was sealed for somebody else; without `owner` anybody's is opened. */
function unseal(key: Buffer, { metadata, data }: Payload, owner: string | undefined): Payload | undefined {
  if (!isSealed({ metadata }) || !data || data.byteLength < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(data.subarray(data.byteLength - TAG_BYTES));
    const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, data.byteLength - TAG_BYTES)), decipher.final()]);
    const end = LENGTH_BYTES + plain.readUInt32BE(0);
    const header = JSON.parse(plain.toString('utf8', LENGTH_BYTES, end)) as Header;
    if (owner !== undefined && header.owner !== owner) return undefined;
    return {
      metadata: Object.fromEntries(Object.entries(header.metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
      data: plain.subarray(end),
    };
  } catch {
    return undefined;
  }
}
