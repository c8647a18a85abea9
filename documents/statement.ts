/**
 * What ties artifacts to an experiment: of each document of a run a statement whose subjects are the artifacts that it names, by member
 * and role. It says what the document says and no time, so that a rerun, which finds the same, states nothing new. Docs: docs/lineage.md.
 */
import { Reader, STATEMENT_TYPE, TYPES, byName, described, describedCode, type InTotoStatement } from '../artifacts/in-toto.js';
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef, CodeIdentity } from '../artifacts/types.js';
import { digestOf, type Digest } from '../common/canonical.js';
import {
  EVALUATION_SCHEMA,
  GENERATION_SCHEMA,
  RUN_SCHEMA,
  documentName,
  type EvaluationDocument,
  type GenerationDocument,
  type ResultDocument,
  type RunDocument,
} from '../spec/documents.js';

const PREDICATE_TYPE = `${TYPES}/result`;

interface Hash {
  readonly sha256: string;
}

export interface ResultPredicate {
  readonly experiment: string;
  /** of the plan's identity, which lies under it among the blobs */
  readonly plan: { readonly digest: Hash };
  readonly run: string;
  readonly condition: string;
  /** as the run's name has them: `1`, of a block of chains `1-250` */
  readonly seeds: string;
  /** the first and the last that it is about; absent of what a run started from */
  readonly generations?: { readonly from: number; readonly to: number };
  /** the keys of the steps, by member and step: statements about them lie at statements/steps/<key> */
  readonly steps: Readonly<Record<string, Readonly<Record<string, Hash>>>>;
  /** what the document says, but for what changes when the same is run again (`lasting`) */
  readonly document: { readonly name: string; readonly digest: Hash };
  /** that recorded it */
  readonly recordedBy: ReturnType<typeof describedCode>;
}

export type ResultStatement = InTotoStatement<ResultPredicate>;

/** What a statement about a document of a run is filed under. */
export const resultAbout = (document: ResultDocument): string => documentName(document);

/** Undefined where the document names no artifact. Pure. */
export function resultStatement(document: ResultDocument, code: CodeIdentity): ResultStatement | undefined {
  const subjects = artifactsOf(document);
  if (Object.keys(subjects).length === 0) return undefined;
  const { experiment, plan, run } = document;
  const [condition, seeds] = run.split(/\/seeds?-/);
  const generations = generationsOf(document);
  return {
    _type: STATEMENT_TYPE,
    subject: byName(subjects).map(([name, ref]) => described(name, ref)),
    predicateType: PREDICATE_TYPE,
    predicate: {
      experiment,
      plan: { digest: hash(plan) },
      run,
      condition,
      seeds,
      ...(generations === undefined ? {} : { generations }),
      steps: stepsOf(document),
      document: { name: documentName(document), digest: hash(digestOf(lasting(document))) },
      recordedBy: describedCode(code),
    },
  };
}

/** What is stated of the artifacts of a run: where they belong to. */
export interface Belonging {
  readonly experiment: string;
  readonly plan: Digest;
  readonly run: string;
  /** the name of the document that says so */
  readonly document: string;
  readonly generations?: { readonly from: number; readonly to: number };
  /** by member and role, `opt/model`, or `inputs/train` */
  readonly artifacts: Readonly<Record<string, ArtifactRef>>;
}

/** @throws 'verification' where parsed JSON from anywhere is no statement about a result */
export function parseResult(value: unknown, where: string): Belonging {
  const at = new Reader(where);
  const root = at.object(value, 'the document');
  at.equal(root._type, STATEMENT_TYPE, '_type');
  at.equal(root.predicateType, PREDICATE_TYPE, 'predicateType');
  const { experiment, plan, run, generations, document } = at.object(root.predicate, 'predicate');
  const stretch = generations === undefined ? undefined : at.object(generations, 'generations');
  const subjects = at.artifacts(at.list(root.subject, 'subject'), 'subject');
  return {
    experiment: at.text(experiment, 'experiment'),
    plan: at.digest(at.object(plan, 'plan').digest, 'plan'),
    run: at.text(run, 'run'),
    document: at.text(at.object(document, 'document').name, 'document.name'),
    ...(stretch && { generations: { from: at.integer(stretch.from, 'from'), to: at.integer(stretch.to, 'to') } }),
    artifacts: Object.fromEntries(
      Object.entries(subjects).map(([name, { kind, digest, size }]) => [name, { kind, digest, size }]),
    ),
  };
}

const hash = (digest: Digest): Hash => ({ sha256: hexOf(digest) });

/** By role, `inputs/train`; by member and role, `opt/model`; of an evaluation `opt/scores`, `opt/tables/<name>`. */
function artifactsOf(document: ResultDocument): Record<string, ArtifactRef> {
  switch (document.schema) {
    case RUN_SCHEMA:
      return under('inputs', document.inputs ?? {});
    case GENERATION_SCHEMA:
      return Object.assign(
        {},
        ...Object.entries(document.members).map(([member, left]) => under(member, leftBy(left))),
      ) as Record<string, ArtifactRef>;
    case EVALUATION_SCHEMA: {
      const { member, scores, tables = {} } = document;
      return { ...under(member, { scores }), ...under(`${member}/tables`, tables) };
    }
  }
}

function leftBy({ model, dataset, prompts, generated, raw, series }: GenerationDocument['members'][string]) {
  return { model, dataset, prompts, generated, raw, series };
}

function under(prefix: string, refs: Readonly<Record<string, ArtifactRef | undefined>>): Record<string, ArtifactRef> {
  const there = Object.entries(refs).filter((entry): entry is [string, ArtifactRef] => entry[1] !== undefined);
  return Object.fromEntries(there.map(([name, ref]) => [`${prefix}/${name}`, ref]));
}

function generationsOf(document: ResultDocument): { from: number; to: number } | undefined {
  if (document.schema === RUN_SCHEMA) return undefined;
  const { generation: from } = document;
  return { from, to: 'to' in document && document.to !== undefined ? document.to : from };
}

function stepsOf(document: ResultDocument): Record<string, Record<string, Hash>> {
  if (document.schema === RUN_SCHEMA) return {};
  if (document.schema === EVALUATION_SCHEMA)
    return document.step === undefined ? {} : { [document.member]: { score: hash(document.step.key) } };
  return Object.fromEntries(
    Object.entries(document.members).map(([member, { steps }]) => [
      member,
      Object.fromEntries(Object.entries(steps).map(([step, { key }]) => [step, hash(key)])),
    ]),
  );
}

/** Of a run what it started from; of others all but which steps were remembered. */
function lasting(document: ResultDocument): unknown {
  const remembered = <T extends { readonly cached: boolean }>({ cached: _, ...step }: T) => step;
  switch (document.schema) {
    case RUN_SCHEMA: {
      const { schema, experiment, plan, run, inputs } = document;
      return { schema, experiment, plan, run, inputs } satisfies Partial<RunDocument>;
    }
    case GENERATION_SCHEMA: {
      const members = Object.entries(document.members).map(([member, { steps, ...left }]) => [
        member,
        { ...left, steps: Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, remembered(step)])) },
      ]);
      return { ...document, members: Object.fromEntries(members) as unknown };
    }
    case EVALUATION_SCHEMA: {
      const { step, ...rest }: EvaluationDocument = document;
      return step === undefined ? rest : { ...rest, step: remembered(step) };
    }
  }
}
