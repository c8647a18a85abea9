/** A VAE in words. */
import type { VaeArchitecturePlan } from '../plan.js';

/** Such as "a convolutional VAE (channels 16, 32; latent 20)". */
export function vaeWords(architecture: VaeArchitecturePlan): string {
  return architecture.kind === 'conv'
    ? `a convolutional VAE (channels ${architecture.channels.join(', ')}; latent ${architecture.latent})`
    : `a fully connected VAE (hidden ${architecture.hidden.join(', ')}; latent ${architecture.latent})`;
}
