/** Tensors that stay in a device's memory between runs, so that weights are not sent there anew for every one. */
import ort from 'onnxruntime-node';
import type { Device } from './devices.js';
import { checkDevice } from './device.js';
import { Graph } from './graph/graph.js';
import { toOnnx } from './graph/onnx.js';
import type { Tensor } from './session.js';

const RESIDENT = new WeakMap<Tensor, ort.Tensor>();

/** The tensor's copy in the device's memory, where there is one. */
export function residentCopy(tensor: Tensor): ort.Tensor | undefined {
  return RESIDENT.get(tensor);
}

export interface ResidentFeeds {
  readonly feeds: Readonly<Record<string, Tensor>>;
  release(): Promise<void>;
}

/**
 * Feeds that do not change any more, such as weights, with copies in the device's memory that sessions are fed instead. onnxruntime's
 * binding has such tensors on webgpu only; on other devices the feeds stay what they are.
 */
export async function residentFeeds(feeds: Readonly<Record<string, Tensor>>, device: Device = 'cpu'): Promise<ResidentFeeds> {
  if (device !== 'webgpu') return { feeds, release: () => Promise.resolve() };
  await checkDevice(device);
  // The way there is a graph that hands its inputs through and leaves its outputs where they are.
  const graph = new Graph();
  const names = Object.keys(feeds);
  names.forEach((name, i) => {
    const { dtype, shape } = feeds[name];
    graph.output(`o${i}`, graph.op('Identity', [graph.input(name, dtype, shape)], {}));
  });
  const session = await ort.InferenceSession.create(toOnnx(graph), {
    executionProviders: [device],
    preferredOutputLocation: 'gpu-buffer',
    logSeverityLevel: 3,
  });
  const inputs = names.map((name) => {
    const { dtype, data, shape } = feeds[name];
    return [name, new ort.Tensor(dtype as 'float32', data as Float32Array, shape)] as const;
  });
  const copies = await session.run(Object.fromEntries(inputs));
  const resident = names.map((name, i) => {
    const tensor: Tensor = { ...feeds[name] };
    RESIDENT.set(tensor, copies[`o${i}`] as ort.Tensor);
    return [name, tensor] as const;
  });
  return {
    feeds: Object.fromEntries(resident),
    // The session stays open as long: the device's memory belongs to it.
    release: async () => {
      for (const [, tensor] of resident) {
        RESIDENT.get(tensor)?.dispose();
        RESIDENT.delete(tensor);
      }
      await session.release();
    },
  };
}
