/** The file of a trained network: matrices in a byte a weight, with a scale for each row. */
import { createHash } from 'node:crypto';
import type { Weights } from '../../engine/checkpoint/safetensors.js';
import { BERT_LAYERS_AT } from '../../engine/encoders/bert.js';
import { packed, unpacked } from '../container.js';
import type { Tag } from '../tagger.js';
import { networkParameters, type NetworkConfig } from './network.js';

/** Whose states it reads, what its classes are, and of which treebank. */
export interface EncodedHead {
  readonly treebank: string;
  readonly licence: string;
  readonly encoder: {
    /** for people */
    readonly name: string;
    /** its states behind so many layers are read */
    readonly layers: number;
    /** weightsDigest of these */
    readonly digest: string;
  };
  readonly tags: readonly Tag[];
  readonly relations: readonly string[];
  readonly network: NetworkConfig;
}

export interface EncodedModel {
  readonly head: EncodedHead;
  readonly weights: Weights;
}

const FORMAT = 'habsburg-encoded-syntax-1';

/** Of the embeddings and the first layers of an encoder: other files of the same weights are the same encoder. */
export function weightsDigest(weights: Weights, layers: number): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.startsWith(BERT_LAYERS_AT) && Number.parseInt(name.slice(BERT_LAYERS_AT.length)) >= layers) continue;
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

const MOST = 127;

/** Rows of a matrix: the nearest of 255 steps between plus and minus its largest weight. */
function rounded(data: Float32Array, columns: number): { readonly scales: Float32Array; readonly bytes: Int8Array } {
  const scales = new Float32Array(data.length / columns);
  const bytes = new Int8Array(data.length);
  for (let r = 0; r < scales.length; r++) {
    const row = data.subarray(r * columns, (r + 1) * columns);
    const most = row.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    scales[r] = most / MOST;
    if (most > 0) row.forEach((x, c) => (bytes[r * columns + c] = Math.round(x / scales[r])));
  }
  return { scales, bytes };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int8Array) => new Uint8Array(buffer, byteOffset, byteLength);

/** Equal models give equal bytes. */
export function writeEncodedModel({ head, weights }: EncodedModel): Uint8Array {
  const parts = networkParameters(head.network).flatMap(({ name, shape }) => {
    const { data } = weights.get(name)!;
    if (shape.length < 2) return [bytesOf(data)];
    const { scales, bytes } = rounded(data, shape[1]);
    return [bytesOf(scales), bytesOf(bytes)];
  });
  // more effort saves nothing of numbers that look random
  return packed(FORMAT, head, parts, 5);
}

/** @throws HabsburgError 'verification' where `where` is no such file */
export function readEncodedModel(file: Uint8Array, where: string): EncodedModel {
  return unpacked<EncodedHead, EncodedModel>(file, { format: FORMAT, what: 'network', where }, (head, bytes, from) => {
    let at = from;
    const take = (length: number): Uint8Array<ArrayBuffer> => {
      if (at + length > bytes.length) throw new Error('it ends too early');
      at += length;
      return Uint8Array.from(bytes.subarray(at - length, at));
    };
    const weights: Weights = new Map();
    for (const { name, shape } of networkParameters(head.network)) {
      const [rows, columns = 1] = shape;
      const floats = new Float32Array(take(4 * rows).buffer);
      if (shape.length < 2) {
        weights.set(name, { shape, data: floats });
        continue;
      }
      const steps = new Int8Array(take(rows * columns).buffer);
      weights.set(name, { shape, data: Float32Array.from(steps, (step, i) => step * floats[Math.floor(i / columns)]) });
    }
    if (at !== bytes.length) throw new Error('it is longer than its network');
    return { head, weights };
  });
}
