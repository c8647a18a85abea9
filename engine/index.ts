/** The engine's public face: load, train, score and save decoder-only language models. */
export { IGNORED } from '../common/labels.js';
export { makeBatch, type Batch } from './batch.js';
export { loadCheckpoint, saveCheckpoint, type Checkpoint, type Model } from './checkpoint/huggingface.js';
export { readSafetensors, writeSafetensors, type NamedTensor, type Weights } from './checkpoint/safetensors.js';
export { parseConfig } from './models/index.js';
export type { ConfigJson, DecoderConfig } from './models/types.js';
export { Classifier } from './encoders/classifier.js';
export { Encoder, type Encoding, type EncodeOptions } from './encoders/encoder.js';
export { initialWeights } from './models/initial.js';
export { scoreRows, Scorer, type RowScore } from './score.js';
export { engineFingerprint } from './fingerprint.js';
export { fit, type FitOptions, type FitResult } from './train/fit.js';
export type { LoopProgress, LoopReport } from './train/loop.js';
export type { EpochReport } from './train/state.js';
