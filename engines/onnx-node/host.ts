/** The engine on onnxruntime, as a program. */
import { engineFingerprint } from '../../engine/fingerprint.js';
import { serveJobs } from '../serve.js';
import { onnxNode } from './capabilities.js';

const { devices } = onnxNode;
const fingerprints = Object.fromEntries(devices.map((device) => [device, engineFingerprint(device)]));
serveJobs({ id: 'onnx-node', fingerprints, can: onnxNode }, new URL('./thread.js', import.meta.url));
