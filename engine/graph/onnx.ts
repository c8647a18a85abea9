/** Writes a graph as an ONNX model (protobuf, onnx.proto of IR version 10). The same graph gives the same bytes. */
import type { Graph } from './graph.js';
import { ONNX_DTYPE, OPS, type Attributes, type OnnxAttribute, type Op, type OpRow } from './ops.js';
import { constantBytes, type Branch, type Node, type Shape, type Value } from './types.js';

const OPSET = 21;
const IR_VERSION = 10;

/** Protobuf's wire format, as far as ONNX needs it. */
class Message {
  readonly #parts: Uint8Array[] = [];

  #varint(value: number | bigint): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    do {
      const more = rest > 127n;
      bytes.push(Number(rest & 127n) | (more ? 128 : 0));
      rest >>= 7n;
    } while (rest > 0n);
    this.#parts.push(Uint8Array.from(bytes));
  }

  int(field: number, value: number | bigint): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#parts.push(bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    this.#parts.push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

function attribute(name: string, value: OnnxAttribute): Message {
  const message = new Message().string(1, name);
  if ('float' in value) return message.float(2, value.float).int(20, 1);
  if ('int' in value) return message.int(3, value.int).int(20, 2);
  if ('string' in value) return message.string(4, value.string).int(20, 3);
  for (const int of value.ints) message.int(8, int);
  return message.int(20, 7);
}

function branchAttribute(name: string, { nodes, outputs }: Branch, nameOf: (value: Value) => string): Message {
  const body = new Message();
  const used = new Set([...outputs, ...nodes.flatMap((node) => (node.lowered ?? node).inputs)]);
  for (const node of nodes) body.message(1, emitNode(node, nameOf, used));
  body.string(2, name);
  for (const value of outputs) body.message(12, outputInfo(nameOf(value), value));
  return new Message().string(1, name).message(6, body).int(20, 5);
}

function emitNode(node: Node, nameOf: (value: Value) => string, used: ReadonlySet<Value>): Message {
  const { op, inputs, attributes: values } = node.lowered ?? node;
  const row = OPS[op] as OpRow<Attributes[Op]>;
  const message = new Message();
  // What branches use from outside they name themselves.
  for (const input of op === 'If' ? inputs.slice(0, 1) : inputs) message.string(1, nameOf(input));
  // Optional outputs that nobody reads are not asked for.
  const wanted = node.outputs.reduce((last, output, i) => (used.has(output) ? Math.max(last, i + 1) : last), row.required ?? 1);
  for (const output of node.outputs.slice(0, wanted)) message.string(2, nameOf(output));
  message.string(4, row.name ?? op);
  if (op === 'If') {
    const { then, otherwise } = values as Attributes['If'];
    message.message(5, branchAttribute('then_branch', then, nameOf));
    message.message(5, branchAttribute('else_branch', otherwise, nameOf));
  }
  const attributes = row.emit?.(values, inputs) ?? {};
  for (const [name, value] of Object.entries(attributes)) message.message(5, attribute(name, value));
  if (row.domain !== undefined) message.string(7, row.domain);
  return message;
}

function valueInfo(name: string, dtype: Value['dtype'], shape: Shape): Message {
  const dims = new Message();
  for (const dim of shape) dims.message(1, typeof dim === 'number' ? new Message().int(1, dim) : new Message().string(2, dim));
  const tensor = new Message().int(1, ONNX_DTYPE[dtype]).message(2, dims);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}

/** An output's inferred symbols are ours alone; onnxruntime derives its own, so only the rank is stated there. */
function outputInfo(name: string, { dtype, shape }: Value): Message {
  const dims = shape.map((dim, i) => (typeof dim === 'number' && dim >= 0 ? dim : `${name}.${i}`));
  return valueInfo(name, dtype, dims);
}

/** Where a constant's bytes lie in a file beside the model (ONNX external data). */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
}

function initializer(value: Value, external?: ExternalData): Message {
  const message = new Message();
  for (const dim of value.shape) message.int(1, dim as number);
  message.int(2, ONNX_DTYPE[value.dtype]).string(8, value.name);
  if (external === undefined) {
    const { data } = value;
    if (data === undefined) throw new Error(`internal: the constant ${value.name} is in a file that is not mapped`);
    return message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const entry = (key: string, text: string): Message => new Message().string(1, key).string(2, text);
  message.message(13, entry('location', external.location)).message(13, entry('offset', String(external.offset)));
  return message.message(13, entry('length', String(constantBytes(value)))).int(14, 1);
}

/** Values on which the outputs depend. */
function reachable(graph: Graph): Set<Value> {
  const used = new Set<Value>(graph.outputs.map((o) => o.value));
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (node.outputs.some((output) => used.has(output))) for (const input of (node.lowered ?? node).inputs) used.add(input);
  }
  return used;
}

/** Name of the model's first output, an empty sequence (toOnnx, `nothing`). */
export const NOTHING = 'nothing';

/**
 * The model's bytes. Nodes and constants on which no output depends are left out; every input stays.
 * @param external constants whose bytes lie in a file of their own
 * @param options.nothing whether an empty sequence is to come before all outputs (Session says what for)
 */
export function toOnnx(
  graph: Graph,
  external: ReadonlyMap<Value, ExternalData> = new Map(),
  options: { readonly nothing?: boolean } = {},
): Uint8Array {
  const used = reachable(graph);
  const names = new Map<Value, string>();
  const aliases: { from: Value; to: string }[] = [];
  for (const { name, value } of graph.outputs) {
    // An output may carry one name of its own; inputs, constants and second names need a copy.
    if (value.node === undefined || names.has(value)) aliases.push({ from: value, to: name });
    else names.set(value, name);
  }
  const nameOf = (value: Value): string => names.get(value) ?? value.name;

  const body = new Message();
  for (const node of graph.nodes)
    if (node.outputs.some((output) => used.has(output))) body.message(1, emitNode(node, nameOf, used));
  for (const { from, to } of aliases) body.message(1, new Message().string(1, nameOf(from)).string(2, to).string(4, 'Identity'));
  body.string(2, 'habsburg');
  for (const value of graph.constants) if (used.has(value)) body.message(5, initializer(value, external.get(value)));
  for (const value of graph.inputs) body.message(11, valueInfo(value.name, value.dtype, value.shape));
  if (options.nothing === true) {
    body.message(1, new Message().string(2, NOTHING).string(4, 'SequenceEmpty'));
    const element = new Message().message(1, new Message().int(1, ONNX_DTYPE.float32));
    body.message(12, new Message().string(1, NOTHING).message(2, new Message().message(4, new Message().message(1, element))));
  }
  for (const { name, value } of graph.outputs) body.message(12, outputInfo(name, value));
  const opset = (domain: string, version: number): Message => new Message().string(1, domain).int(2, version);
  const model = new Message().int(1, IR_VERSION).string(2, 'habsburg').message(7, body);
  return model.message(8, opset('', OPSET)).message(8, opset('com.microsoft', 1)).finish();
}
