/** The devices that onnxruntime computes on: whether this machine has one, said in one sentence before anything is computed. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ort from 'onnxruntime-node';
import { HabsburgError } from '../common/errors.js';
import type { Device } from './devices.js';
import { Graph } from './graph/graph.js';
import { toOnnx } from './graph/onnx.js';

const checked = new Map<Device, Promise<void>>();

/**
 * Resolves when graphs can run on the device; tried once a process.
 * @throws HabsburgError `invalid` saying what this machine lacks
 */
export function checkDevice(device: Device): Promise<void> {
  const known = checked.get(device) ?? tryDevice(device);
  checked.set(device, known);
  return known;
}

async function tryDevice(device: Device): Promise<void> {
  if (device === 'cpu') return;
  if (!ort.listSupportedBackends().some(({ name }) => name === device))
    throw new HabsburgError(
      'invalid',
      `device ${device}: onnxruntime-node has none for ${process.platform} ${process.arch}; use the device cpu`,
    );
  // onnxruntime would say so too, after lines of its own on stderr
  if (device === 'cuda' && process.platform === 'linux' && !existsSync(cudaLibrary()))
    throw new HabsburgError(
      'invalid',
      'device cuda: the installed onnxruntime-node has no CUDA libraries; with CUDA 12 and cuDNN 9 on this machine run `ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node`, or use the device cpu',
    );
  const graph = new Graph();
  graph.output('y', graph.op('Identity', [graph.input('x', 'float32', [1])], {}));
  try {
    const session = await ort.InferenceSession.create(toOnnx(graph), { executionProviders: [device], logSeverityLevel: 4 });
    await session.run({ x: new ort.Tensor('float32', Float32Array.of(1), [1]) });
    await session.release();
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0].replace(/^.* was false\. /, '');
    throw new HabsburgError(
      'invalid',
      `device ${device}: it needs ${NEEDS[device]} (onnxruntime: ${reason}); or use the device cpu`,
      {
        cause: error,
      },
    );
  }
}

const NEEDS = {
  webgpu: 'a graphics adapter and its driver, with Vulkan (libvulkan.so.1), Metal or Direct3D 12',
  cuda: 'a GPU with CUDA 12 and cuDNN 9',
} as const;

/** onnxruntime-node's CUDA provider, where its installer puts it. */
function cudaLibrary(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so');
}
