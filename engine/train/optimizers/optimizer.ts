/**
 * All parameters of a training and their update rule. Weights, gradients and the rule's arrays live in WebAssembly memories, where
 * onnxruntime reads the weights and writes the gradients without a copy of ours.
 */
import { HabsburgError } from '../../../common/errors.js';
import type { NamedTensor } from '../../checkpoint/safetensors.js';
import { kernelsOn, VECTOR } from '../kernels.js';
import type { Parameter, UpdateRule } from './types.js';

/** bytes at the beginning of each memory in which gradients are added up; at least so many are free for the rule's scratch space */
const SCRATCH = 256 * 1024;
const PAGE = 65536;
/** Parameters are packed into memories of up to this size; a larger parameter gets one of its own (WebAssembly's limit: 4 GiB). */
const MEMORY_SIZE = 2 ** 31;

type Tensors = ReadonlyMap<string, NamedTensor>;
interface Slot extends Parameter {
  readonly memory: WebAssembly.Memory;
}

export class Optimizer {
  readonly weights = new Map<string, NamedTensor>();
  readonly gradients = new Map<string, NamedTensor>();
  /** the rule's arrays, as a checkpoint names them: `second.` + the parameter's name */
  readonly state = new Map<string, NamedTensor>();
  /** steps taken */
  steps = 0;
  readonly #slots = new Map<string, Slot>();

  /**
   * @param initial start values, copied in
   * @param clip largest global gradient norm; 0: no clipping
   */
  constructor(
    initial: Tensors,
    readonly rule: UpdateRule,
    readonly clip: number,
  ) {
    for (const group of this.#pack(initial)) this.#allocate(group);
  }

  /** The arrays of a parameter by name, in the order of its memory. */
  #arrays(shape: readonly number[]): [string, readonly number[]][] {
    return Object.entries({ weights: shape, gradient: shape, ...this.rule.init(shape) });
  }

  #bytes({ shape }: NamedTensor): number {
    return this.#arrays(shape).reduce((sum, [, one]) => sum + paddedBytes(one), 0);
  }

  /** Neighbouring parameters in groups that fit one memory. */
  #pack(parameters: Tensors): (readonly [string, NamedTensor])[][] {
    const groups: (readonly [string, NamedTensor])[][] = [];
    let room = 0;
    for (const [name, tensor] of parameters) {
      const size = this.#bytes(tensor);
      if (size > room) {
        groups.push([]);
        room = MEMORY_SIZE;
      }
      groups[groups.length - 1].push([name, tensor]);
      room -= size;
    }
    return groups;
  }

  #allocate(group: readonly (readonly [string, NamedTensor])[]): void {
    const scratch = Math.max(SCRATCH, ...group.map(([, { shape }]) => this.rule.scratch?.(shape) ?? 0));
    const first = Math.ceil(scratch / VECTOR) * VECTOR;
    const size = group.reduce((sum, [, tensor]) => sum + this.#bytes(tensor), first);
    let memory: WebAssembly.Memory;
    try {
      memory = new WebAssembly.Memory({ initial: Math.ceil(size / PAGE) });
    } catch (error) {
      throw new HabsburgError(
        'resources',
        `not enough memory for the optimiser: ${Math.ceil(size / 2 ** 20)} MiB more are needed`,
        { cause: error },
      );
    }
    const kernels = kernelsOn(memory, this.rule.functions) as Parameter['kernels'];
    let next = first;
    for (const [name, { shape, data }] of group) {
      const at: Record<string, number> = {};
      const views: Record<string, Float32Array> = {};
      for (const [array, itsShape] of this.#arrays(shape)) {
        at[array] = next;
        views[array] = new Float32Array(memory.buffer, next, elements(itsShape));
        next += paddedBytes(itsShape);
        if (array !== 'weights' && array !== 'gradient')
          this.state.set(`${array}.${name}`, { shape: itsShape, data: views[array] });
      }
      const { weights, gradient, ...state } = views;
      weights.set(data);
      this.weights.set(name, { shape, data: weights });
      this.gradients.set(name, { shape, data: gradient });
      const places = { ...at, weights: at.weights, end: at.gradient, gradient: at.gradient, scratch: 0 };
      this.#slots.set(name, { shape, weights, gradient, state, kernels, at: places, memory });
    }
  }

  /** Adds to a parameter's gradient, which holds what the step's first micro-batch left. */
  addGradient(name: string, more: Float32Array): void {
    const { memory, kernels, at } = this.#slots.get(name)!;
    const scratch = new Float32Array(memory.buffer, 0, SCRATCH / 4);
    for (let from = 0; from < more.length; from += scratch.length) {
      const part = more.subarray(from, from + scratch.length);
      scratch.set(part);
      scratch.fill(0, part.length, Math.ceil(part.length / 4) * 4);
      const target = at.gradient + from * 4;
      kernels.add(target, 0, target + Math.ceil(part.length / 4) * VECTOR);
    }
  }

  /**
   * Clips the gradients by their global norm (torch.nn.utils.clip_grad_norm_) and takes one step.
   * @returns the norm before clipping
   * @throws HabsburgError `failed` when the norm is not finite: the weights stay as they were
   */
  step(learningRate: number): number {
    let squares = 0;
    for (const { kernels, at } of this.#slots.values())
      squares += kernels.sumOfSquares(at.gradient, at.gradient + at.end - at.weights);
    const norm = Math.sqrt(squares);
    if (!Number.isFinite(norm)) {
      throw new HabsburgError(
        'failed',
        `the gradient is not finite at step ${this.steps + 1}: training diverged; lower the learning rate or clip the gradient`,
      );
    }
    this.steps++;
    const coefficient = this.clip > 0 ? Math.min(1, this.clip / (norm + 1e-6)) : 1;
    for (const slot of this.#slots.values()) this.rule.update(slot, { number: this.steps, learningRate, coefficient });
    return norm;
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Zeros beyond an array's end change nothing. */
function paddedBytes(shape: readonly number[]): number {
  return Math.ceil((4 * elements(shape)) / VECTOR) * VECTOR;
}
