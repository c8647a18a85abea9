/** What the engine's arithmetic depends on beside its inputs. Equal fingerprints: the same inputs give the same bits. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Device } from './devices.js';

/** Raised whenever a change to the engine may change a result's bits. */
const ENGINE_VERSION = 3;

/** The widest instruction set for which onnxruntime has matrix kernels of its own; /proc/cpuinfo's names. */
const CPU_CLASSES: readonly (readonly [string, string])[] = [
  ['amx_tile', 'amx'],
  ['avx512bw', 'avx512'],
  ['avx2', 'avx2'],
  ['sve', 'sve'],
  ['asimd', 'neon'],
];

function cpuClass(): string {
  let flags: Set<string>;
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    flags = new Set(line.trim().split(/\s+/));
  } catch {
    return 'generic'; // no /proc on this system: its architecture has to say enough
  }
  return CPU_CLASSES.find(([flag]) => flags.has(flag))?.[1] ?? 'generic';
}

/** For example `habsburg-engine/3 onnxruntime/1.30.0 x64/avx512`, and ` webgpu` behind it on that device. */
export function engineFingerprint(device: Device = 'cpu'): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return `habsburg-engine/${ENGINE_VERSION} onnxruntime/${version} ${process.arch}/${cpuClass()}${device === 'cpu' ? '' : ` ${device}`}`;
}
