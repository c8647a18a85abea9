/**
 * AdamW over all parameters at once: weights, gradients and both moments live in WebAssembly memories, where onnxruntime reads the
 * weights and writes the gradients without a copy of ours.
 */
import { HabsburgError } from '../../common/errors.js';
import type { NamedTensor } from '../checkpoint/safetensors.js';
import { kernelsOn, VECTOR, type Kernels } from './kernels.js';

export interface AdamWSettings {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** applied to every parameter, as torch.optim.AdamW does with one parameter group */
  readonly weightDecay: number;
  /** largest global gradient norm; 0: no clipping */
  readonly clip: number;
}

/** A parameter's four arrays, in this order, one after the other in its memory. */
const ARRAYS = 4;
const SCRATCH = 256 * 1024;
const PAGE = 65536;
/** Parameters are packed into memories of up to this size; a larger parameter gets one of its own (WebAssembly's limit: 4 GiB). */
const MEMORY_SIZE = 2 ** 31;

interface Slot {
  readonly name: string;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** byte offset of the first of the four arrays */
  readonly at: number;
  /** bytes of one array, a multiple of VECTOR; zeros beyond the parameter's end change nothing */
  readonly bytes: number;
}

export class AdamW {
  readonly weights = new Map<string, NamedTensor>();
  readonly gradients = new Map<string, NamedTensor>();
  readonly firstMoments = new Map<string, NamedTensor>();
  readonly secondMoments = new Map<string, NamedTensor>();
  /** steps taken */
  steps = 0;
  readonly #slots: Slot[] = [];

  /** @param initial start values, copied in */
  constructor(
    initial: ReadonlyMap<string, NamedTensor>,
    readonly settings: AdamWSettings,
  ) {
    for (const group of pack(initial)) this.#allocate(group);
  }

  #allocate(group: readonly (readonly [string, NamedTensor])[]): void {
    const size = group.reduce((sum, [, tensor]) => sum + ARRAYS * paddedBytes(tensor), SCRATCH);
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
    const kernels = kernelsOn(memory);
    let at = SCRATCH;
    for (const [name, { shape, data }] of group) {
      const slot: Slot = { name, memory, kernels, at, bytes: paddedBytes({ shape, data }) };
      const view = (array: number): NamedTensor => ({
        shape,
        data: new Float32Array(memory.buffer, slot.at + array * slot.bytes, data.length),
      });
      this.weights.set(name, view(0));
      this.gradients.set(name, view(1));
      this.firstMoments.set(name, view(2));
      this.secondMoments.set(name, view(3));
      this.weights.get(name)!.data.set(data);
      this.#slots.push(slot);
      at += ARRAYS * slot.bytes;
    }
  }

  /** Adds to a parameter's gradient, which holds what the step's first micro-batch left. */
  addGradient(name: string, more: Float32Array): void {
    const { memory, kernels, at, bytes } = this.#slots.find((slot) => slot.name === name)!;
    const scratch = new Float32Array(memory.buffer, 0, SCRATCH / 4);
    for (let from = 0; from < more.length; from += scratch.length) {
      const part = more.subarray(from, from + scratch.length);
      scratch.set(part);
      scratch.fill(0, part.length, Math.ceil(part.length / 4) * 4);
      const target = at + bytes + from * 4;
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
    for (const { kernels, at, bytes } of this.#slots) squares += kernels.sumOfSquares(at + bytes, at + 2 * bytes);
    const norm = Math.sqrt(squares);
    if (!Number.isFinite(norm)) {
      throw new HabsburgError(
        'failed',
        `the gradient is not finite at step ${this.steps + 1}: training diverged; lower the learning rate or clip the gradient`,
      );
    }
    const { betas, epsilon, weightDecay, clip } = this.settings;
    const [beta1, beta2] = betas;
    this.steps++;
    const coefficient = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
    const stepSize = learningRate / (1 - beta1 ** this.steps);
    const correction = Math.sqrt(1 - beta2 ** this.steps);
    for (const { kernels, at, bytes } of this.#slots) {
      kernels.adamw(
        at,
        at + bytes,
        at + bytes,
        at + 2 * bytes,
        at + 3 * bytes,
        coefficient,
        1 - learningRate * weightDecay,
        1 - beta1,
        beta2,
        1 - beta2,
        stepSize,
        correction,
        epsilon,
      );
    }
    return norm;
  }
}

function paddedBytes({ data }: NamedTensor): number {
  return Math.ceil(data.byteLength / VECTOR) * VECTOR;
}

/** Neighbouring parameters in groups that fit one memory. */
function pack(parameters: ReadonlyMap<string, NamedTensor>): (readonly [string, NamedTensor])[][] {
  const groups: (readonly [string, NamedTensor])[][] = [];
  let room = 0;
  for (const [name, tensor] of parameters) {
    const size = ARRAYS * paddedBytes(tensor);
    if (size > room) {
      groups.push([]);
      room = MEMORY_SIZE;
    }
    groups[groups.length - 1].push([name, tensor]);
    room -= size;
  }
  return groups;
}
