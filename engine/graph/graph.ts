/** A graph under construction: inputs, constants, nodes in topological order, named outputs. */
import { OPS, type Attributes, type Op } from './ops.js';
import { lower, type StoredMatrix } from './stored.js';
import {
  constantBytes,
  showShape,
  type Branch,
  type Dtype,
  type FileRange,
  type Node,
  type Shape,
  type TensorData,
  type Value,
} from './types.js';

export class Graph {
  readonly inputs: Value[] = [];
  readonly constants: Value[] = [];
  nodes: Node[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  /** ranges of `nodes` that can be computed again from what enters them, such as layers; without overlap, in order */
  readonly segments: { readonly from: number; readonly to: number }[] = [];
  readonly #shared = new Map<string, Value>();
  #values = 0;

  /** @param float what the model computes in; float64 exists for checking gradients */
  constructor(readonly float: 'float32' | 'float64' = 'float32') {}

  input(name: string, dtype: Dtype, shape: Shape): Value {
    if (this.inputs.some((v) => v.name === name)) throw new Error(`internal: two inputs are called ${name}`);
    const value: Value = { name, dtype, shape };
    this.inputs.push(value);
    return value;
  }

  output(name: string, value: Value): void {
    if (this.outputs.some((o) => o.name === name)) throw new Error(`internal: two outputs are called ${name}`);
    this.outputs.push({ name, value });
  }

  constant(dtype: Dtype, shape: readonly number[], data: TensorData, file?: FileRange): Value {
    if (data.byteLength !== constantBytes({ dtype, shape }))
      throw new Error(`internal: ${data.byteLength} bytes for a ${dtype} constant of shape ${showShape(shape)}`);
    const value: Value = { name: `c${this.#values++}`, dtype, shape, data, file };
    this.constants.push(value);
    return value;
  }

  /** A constant whose bytes are all the same; equal ones are shared. */
  filled(dtype: Dtype, shape: readonly number[], byte: number): Value {
    return this.#once(`${dtype} ${shape.join(' ')} ${byte}`, () =>
      this.constant(dtype, shape, new Uint8Array(constantBytes({ dtype, shape })).fill(byte)),
    );
  }

  /** A constant that is mapped from a file when the graph is opened; nothing of it is read here. */
  mapped(dtype: Dtype, shape: readonly number[], file: FileRange): Value {
    const value: Value = { name: `c${this.#values++}`, dtype, shape, file };
    this.constants.push(value);
    return value;
  }

  /** A frozen matrix by its meaning; the parts that hold it are constants of this graph. */
  stored(shape: readonly number[], matrix: StoredMatrix): Value {
    return { name: `c${this.#values++}`, dtype: 'float32', shape, stored: matrix };
  }

  /** A number of the graph's float type; equal numbers share one constant. */
  scalar(x: number): Value {
    return this.#once(`scalar ${Object.is(x, -0) ? '-0' : x}`, () =>
      this.constant(this.float, [], this.float === 'float64' ? Float64Array.of(x) : Float32Array.of(x)),
    );
  }

  /** int64 constants such as axes and shapes; equal lists share one constant. */
  ints(xs: readonly number[]): Value {
    return this.#once(`ints ${xs.join(' ')}`, () => this.constant('int64', [xs.length], BigInt64Array.from(xs, BigInt)));
  }

  #once(key: string, make: () => Value): Value {
    const value = this.#shared.get(key) ?? make();
    this.#shared.set(key, value);
    return value;
  }

  /** Appends a node; its outputs' types come from the op table. */
  node<O extends Op>(op: O, inputs: readonly Value[], attributes: Attributes[O]): readonly Value[] {
    const types = OPS[op].infer(inputs, attributes);
    const lowered = inputs.some((v) => v.stored !== undefined) ? lower(this, op, inputs, attributes) : undefined;
    const node = { op, inputs, attributes, outputs: [] as Value[], lowered };
    for (const type of types) node.outputs.push({ ...type, name: `v${this.#values++}`, node: node as unknown as Node });
    this.nodes.push(node as unknown as Node);
    return node.outputs;
  }

  /** Marks the nodes that `make` appends as one segment. */
  segment(make: () => void): void {
    const from = this.nodes.length;
    make();
    this.segments.push({ from, to: this.nodes.length });
  }

  /**
   * What `then` makes if the condition holds when the graph runs, and else what `otherwise` makes: values of the same kinds, whose
   * shapes are called as in `then`. Only the branch that is chosen is computed. Branches have no gradient.
   * @param condition bool, one number
   */
  choose(condition: Value, then: () => readonly Value[], otherwise: () => readonly Value[]): readonly Value[] {
    const branches = { then: this.#branch(then), otherwise: this.#branch(otherwise) };
    const inside = new Set(Object.values(branches).flatMap(({ nodes }) => nodes.flatMap(({ outputs }) => outputs)));
    const used = Object.values(branches).flatMap(({ nodes }) => nodes.flatMap((node) => (node.lowered ?? node).inputs));
    const outside = new Set(used.filter((value) => !inside.has(value)));
    return this.node('If', [condition, ...outside], branches);
  }

  #branch(make: () => readonly Value[]): Branch {
    const outer = this.nodes;
    const nodes: Node[] = [];
    this.nodes = nodes;
    try {
      const outputs = make();
      if (outputs.some(({ node }) => node === undefined || !nodes.includes(node)))
        throw new Error('internal: a branch gives only what it makes itself');
      return { nodes, outputs };
    } finally {
      this.nodes = outer;
    }
  }

  /** The first output of a new node. */
  op<O extends Op>(op: O, inputs: readonly Value[], attributes: Attributes[O]): Value {
    return this.node(op, inputs, attributes)[0];
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b], {});
  }
  sub(a: Value, b: Value): Value {
    return this.op('Sub', [a, b], {});
  }
  mul(a: Value, b: Value): Value {
    return this.op('Mul', [a, b], {});
  }
  div(a: Value, b: Value): Value {
    return this.op('Div', [a, b], {});
  }
  neg(x: Value): Value {
    return this.op('Neg', [x], {});
  }
  /**
   * x, in a shape of as many dimensions as `other`'s, once `other` has been computed; nothing is copied. onnxruntime computes
   * what it can as early as it can, and equal things once: this keeps what is made of x from being made, and held, before it is needed.
   * `other` must have a size that is known only when the graph runs.
   */
  after(x: Value, other: Value, shape = x.shape): Value {
    const zero = this.#once('int64 0', () => this.constant('int64', [], BigInt64Array.of(0n)));
    const sizes = this.ints(shape.map((dim) => (typeof dim === 'number' ? dim : 0)));
    return this.op('View', [x, this.add(sizes, this.mul(this.op('Shape', [other], {}), zero))], { shape });
  }
  /** x · number */
  scale(x: Value, by: number): Value {
    return this.mul(x, this.scalar(by));
  }
  matmul(a: Value, b: Value, attributes: Attributes['FusedMatMul'] = {}): Value {
    return this.op('FusedMatMul', [a, b], attributes);
  }
  /** -1 stands for the one size that follows from the others, 0 for x's size at the same place. */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.op('Reshape', [x, this.ints(shape)], {});
  }
  transpose(x: Value, perm: readonly number[]): Value {
    return this.op('Transpose', [x], { perm });
  }
  reduceSum(x: Value, axes: readonly number[], keepdims = false): Value {
    return this.op('ReduceSum', [x, this.ints(axes)], { keepdims });
  }
  reduceMean(x: Value, axes: readonly number[], keepdims = false): Value {
    return this.op('ReduceMean', [x, this.ints(axes)], { keepdims });
  }
  reduceMax(x: Value, axes: readonly number[], keepdims = false): Value {
    return this.op('ReduceMax', [x, this.ints(axes)], { keepdims });
  }
  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0] : this.op('Concat', values, { axis });
  }
  /** Consecutive parts of the given sizes along an axis. */
  split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
    return this.node('Split', [x, this.ints(sizes)], { axis });
  }
  slice(x: Value, axis: number, start: number, end: number): Value {
    return this.op('Slice', [x, this.ints([start]), this.ints([end]), this.ints([axis])], {});
  }
  /** table (V, d), indices (…) -> (…, d) */
  gather(table: Value, indices: Value, paddingIndex?: number): Value {
    return this.op('Gather', [table, indices], { axis: 0, ...(paddingIndex === undefined ? {} : { paddingIndex }) });
  }
}
