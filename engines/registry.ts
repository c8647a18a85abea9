/**
 * The engines: programs that speak the protocol (protocol.ts). Adding one: its folder or program, and a row here. Pure, and loads none of
 * them; a program says itself who it is, what it can do and what its arithmetic depends on.
 */
import type { Capabilities } from './capabilities.js';
import { onnxNode } from './onnx-node/capabilities.js';
import { reference } from './reference/capabilities.js';

export interface EngineRow {
  /** words of its command line; `node` is the Node that runs us, and what begins with ./ lies beside this file */
  readonly command: readonly [string, ...string[]];
  /** what it can do wherever it runs; a program may say less of itself, and is then asked for less */
  readonly can: Capabilities;
}

export const ENGINES = {
  'onnx-node': { command: ['node', './onnx-node/host.js'], can: onnxNode },
  reference: { command: ['node', './reference/host.js'], can: reference },
} as const satisfies Readonly<Record<string, EngineRow>>;

export type EngineId = keyof typeof ENGINES;

export const ENGINE_IDS = Object.keys(ENGINES) as EngineId[];

/** What computes where nobody says. */
export const DEFAULT_ENGINE: EngineId = 'onnx-node';

export const engineRow = (id: EngineId): EngineRow => ENGINES[id];
