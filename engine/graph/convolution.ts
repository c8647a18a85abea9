/** Shapes of the two-dimensional convolution and of its transpose (https://onnx.ai/onnx/operators/), without groups. */
import { fixed, showShape, type Shape } from './types.js';

/** Each pair: rows, columns. A transposed convolution is the gradient of the convolution that has its attributes. */
export interface ConvolutionAttributes {
  readonly strides: readonly [number, number];
  /** zeros around the larger image: above, left, below, right */
  readonly pads: readonly [number, number, number, number];
  /** places from one number of a kernel to the next */
  readonly dilations: readonly [number, number];
}

/** Rows (0) or columns (1) that a kernel covers. */
function reach(kernels: Shape, { dilations }: ConvolutionAttributes, axis: 0 | 1): number {
  return dilations[axis] * (fixed(kernels[2 + axis], 'a kernel') - 1) + 1;
}

/** What is left of an image's rows or columns, padded, when a kernel stands at its beginning. */
function room(image: Shape, kernels: Shape, attributes: ConvolutionAttributes, axis: 0 | 1): number {
  const { pads } = attributes;
  return fixed(image[2 + axis], 'Conv') + pads[axis] + pads[2 + axis] - reach(kernels, attributes, axis);
}

/** (N, C, H, W) with kernels (O, C, h, w) -> (N, O, H', W') */
export function convolvedShape(x: Shape, kernels: Shape, attributes: ConvolutionAttributes): Shape {
  check('Conv', x, kernels, 1);
  const sizes = ([0, 1] as const).map((axis) => Math.floor(room(x, kernels, attributes, axis) / attributes.strides[axis]) + 1);
  if (sizes.some((size) => size < 1))
    throw new Error(`internal: Conv of ${showShape(x)}: kernels ${showShape(kernels)} are larger than the padded image`);
  return [x[0], kernels[0], ...sizes];
}

/** (N, C, H, W) with kernels (C, O, h, w) -> (N, O, H', W'); `more`: rows and columns beyond the smallest such image */
export function transposedShape(
  x: Shape,
  kernels: Shape,
  attributes: ConvolutionAttributes,
  more: readonly [number, number],
): Shape {
  check('ConvTranspose', x, kernels, 0);
  const { strides, pads } = attributes;
  const sizes = ([0, 1] as const).map(
    (axis) =>
      (fixed(x[2 + axis], 'ConvTranspose') - 1) * strides[axis] +
      reach(kernels, attributes, axis) -
      pads[axis] -
      pads[2 + axis] +
      more[axis],
  );
  return [x[0], kernels[1], ...sizes];
}

/** Rows and columns of an image that no kernel reaches: the transposed convolution has to be told of them. */
export function unreached(image: Shape, kernels: Shape, attributes: ConvolutionAttributes): [number, number] {
  const of = (axis: 0 | 1): number => room(image, kernels, attributes, axis) % attributes.strides[axis];
  return [of(0), of(1)];
}

function check(op: string, x: Shape, kernels: Shape, channels: 0 | 1): void {
  if (x.length !== 4 || kernels.length !== 4 || x[1] !== kernels[channels])
    throw new Error(`internal: ${op} of ${showShape(x)} with kernels ${showShape(kernels)}`);
}
