/** Stands in for node:crypto: hashes are real, dice are the simulation's. */
import { here } from '../simulation.js';

export * from 'node:crypto';

export const randomBytes = (n: number): Buffer => Buffer.from(Array.from({ length: n }, () => here().pick(256)));
export const randomUUID = (): string => randomBytes(8).toString('hex');
