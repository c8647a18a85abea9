/** What was run and what it left: conditions and settings, the digest of every artifact, versions. */
import { stringify } from 'yaml';
import type { ArtifactRef } from '../../artifacts/types.js';
import { canonicalJson } from '../../common/canonical.js';
import type { ExperimentPlan, MemberPlan, Mixed } from '../../spec/plan.js';
import type { RunIndex } from '../../spec/documents.js';
import { reached } from '../describe.js';
import { describeCondition } from '../describe-phases.js';
import { formatBytes } from '../format.js';
import { el } from '../html.js';
import type { Child, Markup } from '../html.js';
import type { Results } from '../rows.js';
import type { Summary } from '../summary.js';

const ARTIFACTS = ['dataset', 'model', 'generated', 'scores', 'series'] as const;

export function provenanceSections(results: Results, summary: Summary): Child {
  return [settings(results, summary), artifacts(results), versions(results)];
}

function settings({ plan }: Results, summary: Summary): Markup {
  const color = (name: string) => summary.series.findIndex((series) => series.condition === name);
  return el(
    'section',
    {},
    el('h2', {}, 'Settings'),
    el(
      'dl',
      {},
      plan.conditions.map((condition) => [
        el('dt', { class: color(condition.name) >= 0 && `key s${color(condition.name) % 8}` }, condition.name),
        el('dd', {}, describeCondition(condition)),
      ]),
    ),
    el(
      'details',
      {},
      el('summary', {}, 'The whole plan, defaults filled in'),
      el('pre', {}, stringify(withoutRepeats(plan), { lineWidth: 100, aliasDuplicateObjects: false })),
    ),
  );
}

/** Conditions name of their members only what differs from the population: the mixture always, the rest where it does. */
function withoutRepeats(plan: ExperimentPlan): unknown {
  const usual = new Map<string, string>(plan.population.map((member) => [member.name, canonicalJson(member)]));
  const different = (members: readonly Mixed<MemberPlan>[]) =>
    members.map(({ mixture, ...member }) =>
      canonicalJson(member) === usual.get(member.name) ? { name: member.name, mixture } : { ...member, mixture },
    );
  return {
    ...plan,
    conditions: plan.conditions.map(({ name, members, phases }) => ({
      name,
      members: different(members),
      ...(phases && { phases: phases.map(({ from, members: then }) => ({ from, members: different(then) })) }),
    })),
  };
}

function artifacts({ plan, runs }: Results): Child {
  if (runs.length === 0) return undefined;
  return el(
    'section',
    {},
    el('h2', {}, 'Artifacts'),
    el(
      'p',
      { class: 'caption' },
      'Everything the runs left, named by the SHA-256 of its content; runs that share an artifact name the same one. A click selects a whole digest.',
    ),
    runs.map((run) =>
      el(
        'details',
        {},
        el('summary', {}, `${run.run}: ${run.status} after ${reached(run, plan)}`),
        inputs(run),
        el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Artifacts of ${run.run}` }, artifactTable(run)),
      ),
    ),
  );
}

function inputs(run: RunIndex): Child {
  const entries = Object.entries(run.inputs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    entries.length > 0 &&
    el(
      'dl',
      {},
      entries.map(([role, ref]) => [el('dt', {}, role), el('dd', {}, digest(ref.digest, true), ` ${formatBytes(ref.size)}`)]),
    )
  );
}

function artifactTable(run: RunIndex): Markup {
  const rows = run.generations.flatMap(({ generation, members }) =>
    Object.entries(members).map(([member, index]) => ({ generation, member, index })),
  );
  const several = new Set(rows.map(({ member }) => member)).size > 1;
  return el(
    'table',
    {},
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, 'gen.'),
        several && el('th', { scope: 'col' }, 'member'),
        ARTIFACTS.map((kind) => el('th', { scope: 'col' }, kind)),
      ),
    ),
    el(
      'tbody',
      {},
      rows.map(({ generation, member, index }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, generation),
          several && el('td', {}, member),
          ARTIFACTS.map((kind) => el('td', {}, artifact(index[kind]))),
        ),
      ),
    ),
  );
}

function artifact(ref: ArtifactRef | undefined): Child {
  return ref === undefined ? '–' : digest(ref.digest);
}

function digest(value: string, whole = false): Markup {
  return el('code', { class: whole ? 'digest whole' : 'digest', title: value }, value);
}

function versions({ runs, planDigest }: Results): Markup {
  const named = new Map<string, Set<string>>();
  for (const run of runs) {
    for (const [name, version] of Object.entries(run.versions ?? {}))
      named.set(name, (named.get(name) ?? new Set()).add(version));
  }
  const rows = [...named]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => [el('dt', {}, name), el('dd', {}, [...values].sort().join(', '))]);
  return el(
    'section',
    {},
    el('h2', {}, 'Versions'),
    el('dl', {}, rows, el('dt', {}, 'plan'), el('dd', {}, digest(planDigest, true))),
  );
}
