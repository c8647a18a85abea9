/** The engine on onnxruntime, as a program. */
import { engineFingerprint } from '../../engine/fingerprint.js';
import { ASKED_DEVICE } from '../protocol.js';
import { serveJobs } from '../serve.js';
import { onnxNode } from './capabilities.js';

const { devices } = onnxNode;
const fingerprints = Object.fromEntries(devices.map((device) => [device, engineFingerprint(device)]));

/** Whether the device that was asked about is there; a job's own attempt says so of any other. */
async function lacksOf(asked: string | undefined) {
  const device = devices.find((one) => one === asked && one !== 'cpu');
  if (device === undefined) return undefined;
  const { checkDevice } = await import('../../engine/device.js');
  return checkDevice(device).then(
    () => undefined,
    (error: Error) => ({ [device]: error.message }),
  );
}

const lacks = await lacksOf(process.env[ASKED_DEVICE]);
serveJobs({ id: 'onnx-node', fingerprints, can: onnxNode, ...(lacks && { lacks }) }, new URL('./thread.js', import.meta.url));
