/** How llama.cpp's converter writes an architecture's checkpoints as GGUF files; checkpoint/gguf-model.ts reads them by it. */
import type { GgufValue } from '../checkpoint/gguf.js';
import type { ConfigJson } from './types.js';

export interface GgufLayout {
  /** general.architecture, with which the metadata's keys begin */
  readonly name: string;
  /** config.json's `architectures` */
  readonly className: string;
  /**
   * What the metadata's keys are in config.json: a field, or what a function makes of the value. Keys that no layout names are
   * refused unless they say what the model computes anyway.
   */
  readonly fields: Readonly<
    Record<string, string | ((value: GgufValue, key: (name: string) => GgufValue | undefined) => ConfigJson)>
  >;
  /** Hugging Face's names by GGUF's, without `.weight` and `.bias`: outside the layers and, behind `blk.N.`, inside them */
  readonly names: Readonly<Record<string, string>>;
  readonly layer: string;
  readonly layerNames: Readonly<Record<string, string>>;
  /** by GGUF's name: what is done to a tensor that is laid out otherwise there */
  readonly rearrange: Readonly<Record<string, Arrangement>>;
  /** fields of config.json that say whether a module (its name inside the first layer) has a bias, which no key does */
  readonly biases?: Readonly<Record<string, string>>;
  /** whether a tensor may divide the frequencies of rotary positions, as in files of Llama 3.1 and later */
  readonly ropeDivisors?: boolean;
}

/** A matrix turned round; rows in another order: for each row of ours, the file's; or a number added to everything. */
export type Arrangement =
  'in-out' | { readonly order: (rows: number, config: ConfigJson) => Int32Array } | { readonly add: number };
