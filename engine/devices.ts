/** What the engine can compute on, by onnxruntime's names of execution providers. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];
