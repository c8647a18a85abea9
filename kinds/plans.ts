/**
 * What the plans of each kind are made of, and its families: a kind whose members' steps are activities is a row in each. Types and
 * names alone, since workflows are bundled with it.
 */
import type { ImageDataPlan, VaePlan } from './images/plan.js';
import type { AffineFlowPlan, PointDataPlan } from './points/plan.js';
import type { LanguageModelPlan, TextDataPlan } from './text/plan.js';

export interface KindPlans {
  readonly text: { readonly data: TextDataPlan; readonly member: LanguageModelPlan };
  readonly images: { readonly data: ImageDataPlan; readonly member: VaePlan };
  readonly points: { readonly data: PointDataPlan; readonly member: AffineFlowPlan };
}

export const STEP_FAMILIES: { readonly [K in keyof KindPlans]: readonly KindPlans[K]['member']['family'][] } = {
  text: ['language-model'],
  images: ['vae'],
  points: ['affine-flow'],
};
