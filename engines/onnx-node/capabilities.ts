/** What the engine on onnxruntime can do: all that this release has. */
import type { Capabilities } from '../capabilities.js';

export const onnxNode: Capabilities = {
  devices: ['cpu', 'webgpu', 'cuda'],
  fit: 'all',
  generate: 'all',
  observe: 'all',
  simulate: 'all',
};
