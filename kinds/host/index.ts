/** Where each kind is computed. Loaded when it is asked for: what prepares data needs no engine, and one kind's engine is not another's. */
import { HabsburgError } from '../../common/errors.js';
import type { DataPlans } from '../../spec/plan.js';
import type { Preparing } from './preparing.js';
import type { Family } from './types.js';

interface Host {
  /** absent: activities/prepare.ts has a way of its own for it */
  readonly preparing?: () => Promise<{ readonly preparing: Preparing<never> }>;
  /** what fits and generates, by family */
  readonly families: Readonly<Record<string, () => Promise<Family>>>;
}

/** A kind whose members' steps are activities: its row. */
const HOSTS: Readonly<Record<Exclude<keyof DataPlans, 'chains'>, Host>> = {
  text: { families: { 'language-model': async () => (await import('../text/host/language-model.js')).languageModel } },
  images: {
    preparing: () => import('../images/host/prepare.js'),
    families: { vae: async () => (await import('../images/host/vae.js')).vae },
  },
  points: {
    preparing: () => import('../points/host/prepare.js'),
    families: { 'affine-flow': async () => (await import('../points/host/affine-flow.js')).affineFlow },
  },
};

/** @throws HabsburgError 'invalid' for an unknown name */
export async function familyOf(name: string): Promise<Family> {
  const families = Object.assign({}, ...Object.values(HOSTS).map((host) => host.families)) as Host['families'];
  if (!Object.hasOwn(families, name))
    throw new HabsburgError('invalid', `there is no family ${name}; known: ${Object.keys(families).join(', ')}`);
  return families[name]();
}

/** How a kind reads its real data. */
export async function preparingOf<D>(kind: Exclude<keyof DataPlans, 'chains' | 'text'>): Promise<Preparing<D>> {
  return (await HOSTS[kind].preparing!()).preparing as unknown as Preparing<D>;
}
