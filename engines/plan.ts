/** What of a plan its engine cannot do, as far as the plan says it. */
import type { Device } from '../engine/devices.js';
import { operatorsOf, stepPart } from '../spec/members.js';
import { metricNamed } from '../spec/metrics.js';
import { needsOf } from '../spec/operator-plan.js';
import { stagesOf } from '../spec/phases.js';
import type { ExperimentPlan, MixedStepMember } from '../spec/plan.js';
import { architectureIn, deviceRefusal, refusal, type Asked } from './capabilities.js';
import { DEFAULT_ENGINE, engineRow } from './registry.js';

/** The first reason, in one sentence; undefined: there is none. */
export function planRefusal({
  execution,
  conditions,
  metrics,
}: Pick<ExperimentPlan, 'execution' | 'conditions' | 'metrics'>): string | undefined {
  const engine = execution.engine ?? DEFAULT_ENGINE;
  const { can } = engineRow(engine);
  const members = conditions.flatMap((condition) => stagesOf(stepPart(condition)).flatMap((stage) => stage.members));
  const devices = [execution.device, ...members.map((member) => member.execution?.device)];
  for (const device of devices.filter((named): named is Device => named !== undefined)) {
    const reason = deviceRefusal(engine, can, device);
    if (reason !== undefined) return reason;
  }
  for (const member of members)
    for (const asked of askedOf(member)) {
      const reason = refusal(engine, can, asked);
      if (reason !== undefined) return `${member.name}: ${reason}`;
    }
  for (const { name, variant, settings } of metrics)
    for (const { observation, asked } of metricNamed(name, variant).needs.observations ?? []) {
      const reason = refusal(engine, can, { op: 'observe', name: observation, settings: asked?.(settings) });
      if (reason !== undefined) return `${name}: ${reason}`;
    }
  return undefined;
}

function askedOf(member: MixedStepMember): Asked[] {
  const { family: name, base, generation0, training, decoding } = member;
  const architecture = base.kind === 'scratch' ? architectureIn(base) : {};
  const quantize = base.kind === 'checkpoint' ? base.quantize : undefined;
  return [
    { op: 'fit', name, settings: { ...generation0, quantize }, ...architecture },
    { op: 'fit', name, settings: { ...training, quantize }, ...architecture },
    { op: 'generate', name, settings: decoding },
    ...needsOf(operatorsOf(member)).observations.map(({ observation }): Asked => ({ op: 'observe', name: observation })),
  ];
}
