/** A WebAssembly assembler, as far as the optimiser's kernels need it: functions over one imported memory, with SIMD. */

/** Encoded instructions. */
export type Code = readonly number[];
export type ValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

const VALTYPE: Readonly<Record<ValType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const more = value > 127;
    bytes.push((value & 127) | (more ? 128 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}

function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (;;) {
    const byte = Number(value & 127n);
    value >>= 7n;
    const done = (value === 0n && byte < 64) || (value === -1n && byte >= 64);
    bytes.push(done ? byte : byte | 128);
    if (done) return bytes;
  }
}

const op =
  (...opcode: number[]) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), ...opcode];
const simd = (opcode: number): ((...operands: readonly Code[]) => Code) => op(0xfd, ...unsigned(opcode));
/** alignment 2^4 or 2^2, offset */
const aligned = (exponent: number, offset: number): number[] => [exponent, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value | 0))],
  add: op(0x6a),
  xor: op(0x73),
  less: op(0x49), // unsigned
};
export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))],
  mul: op(0x7e),
  shiftRight: op(0x88), // unsigned
  fromU32: op(0xad),
  low: op(0xa7),
};
export const f32 = {
  const: (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)],
  store: (address: Code, value: Code, offset = 0): Code => [...op(0x38)(address, value), ...aligned(2, offset)],
};
/** a where the condition is not 0, else b */
export const select = (a: Code, b: Code, condition: Code): Code => op(0x1b)(a, b, condition);
export const f64x2 = {
  add: simd(0xf0),
  mul: simd(0xf2),
  promoteLow: simd(0x5f),
  lane: (vector: Code, lane: number): Code => [...simd(0x21)(vector), lane],
};
export const f64 = { add: op(0xa0) };
export const f32x4 = { splat: simd(0x13), add: simd(0xe4), sub: simd(0xe5), mul: simd(0xe6), div: simd(0xe7), sqrt: simd(0xe3) };
export const v128 = {
  load: (address: Code, offset = 0): Code => [...simd(0)(address), ...aligned(4, offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...simd(11)(address, value), ...aligned(4, offset)],
  /** the upper half moved down */
  high: (vector: Code): Code => [...simd(13)(vector, vector), 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15],
};
/** Repeats `body` while local `pointer` is below local `end`. */
export function whileBelow(pointer: number, end: number, body: Code): Code {
  const again: Code = [...i32.less(get(pointer), get(end)), 0x0d, 0x00]; // br_if 0
  return [...i32.less(get(pointer), get(end)), 0x04, 0x40, 0x03, 0x40, ...body, ...again, 0x0b, 0x0b]; // if loop … end end
}

export interface Func {
  readonly name: string;
  readonly params: readonly ValType[];
  readonly result?: ValType;
  readonly locals: readonly ValType[];
  readonly body: Code;
}

/** A module that imports `env.memory` and exports the functions. */
export function assemble(functions: readonly Func[]): Uint8Array<ArrayBuffer> {
  const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
  const text = (s: string): number[] => vector([...Buffer.from(s)].map((byte) => [byte]));
  const types = functions.map((f) => [
    0x60,
    ...vector(f.params.map((t) => [VALTYPE[t]])),
    ...vector(f.result ? [[VALTYPE[f.result]]] : []),
  ]);
  const bodies = functions.map((f) => {
    const content = [...vector(f.locals.map((t) => [1, VALTYPE[t]])), ...f.body, 0x0b];
    return [...unsigned(content.length), ...content];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, 0x00, 0x01]])), // at least one page
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(functions.map((f, i) => [...text(f.name), 0x00, ...unsigned(i)]))),
    ...section(10, vector(bodies)),
  ]);
}
