/** Names of things outside the store: addresses and numbers that follow from digests, so that whoever exports again names the same. */
import { hexOf } from '../artifacts/keys.js';
import { sha256, type Digest } from '../common/canonical.js';
import { TYPES } from '../artifacts/in-toto.js';
import type { StatedStep } from './types.js';

/** An artifact, a file or a statement by its hash: the URI of RFC 6920, 7, in hex. `habsburg lineage show` takes the digits. */
export const uriOf = (digest: Digest): string => `nih:sha-256;${hexOf(digest)}`;

/** The type of a step, as its statement has it. */
export const stepType = ({ step, stepVersion }: Pick<StatedStep, 'step' | 'stepVersion'>): string =>
  `${TYPES}/steps/${step}/v${stepVersion}`;

/** A UUID of version 8 (RFC 9562, 5.8), whose digits are those of a SHA-256 as far as a UUID leaves them. */
export function uuidOf(name: string): string {
  const hex = hexOf(sha256(name));
  const variant = ((parseInt(hex[16], 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
