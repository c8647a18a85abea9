/** What a step did: a statement with an SLSA Provenance v1 predicate. Field map in docs/lineage.md. */
import { isDigest, type Digest } from '../common/canonical.js';
import {
  Reader,
  SOURCE_KIND,
  STATEMENT_TYPE,
  TYPES,
  byName,
  described,
  describedCode,
  subjectsOf,
  type InTotoStatement,
  type ResourceDescriptor,
  type StatedArtifact,
} from './in-toto.js';
import { stepKey } from './step-record.js';
import type { ArtifactRef, CodeIdentity } from './types.js';

/** https://slsa.dev/spec/v1.0/provenance */
const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
const STEPS = `${TYPES}/steps/`;
const BUILDER = `${TYPES}/worker`;
const CODE = 'code';

/** What is known of a step that is done. */
export interface StepFacts {
  /** sample, finetune, generate, score, prepare */
  readonly step: string;
  readonly stepVersion: number;
  readonly key: Digest;
  readonly inputs: Readonly<Record<string, ArtifactRef>>;
  /** what it read from outside, by role; the key has their content in its parameters. No name of an input */
  readonly sources: Readonly<Record<string, ArtifactRef & { readonly uri?: string }>>;
  readonly outputs: Readonly<Record<string, StatedArtifact>>;
  readonly parameters: unknown;
  readonly seed: number;
  readonly generation: number;
  readonly member: string;
  readonly code: CodeIdentity;
  readonly engineFingerprint: string;
  /** of this invocation alone; not part of any artifact's digest */
  readonly invocation: {
    /** Temporal's namespace, workflow, run, activity and attempt, with slashes between them */
    readonly id: string;
    readonly startedOn: string;
    readonly finishedOn: string;
    /** versions of what the worker ran on, by name */
    readonly runtime: Readonly<Record<string, string>>;
  };
}

interface Provenance {
  readonly buildDefinition: {
    readonly buildType: string;
    readonly externalParameters: {
      readonly parameters: unknown;
      /** in digits */
      readonly seed: string;
      readonly generation: number;
      readonly member: string;
    };
    readonly internalParameters: { readonly stepKey: Digest; readonly engineFingerprint: string };
    /** the inputs, the sources, the code */
    readonly resolvedDependencies: readonly ResourceDescriptor[];
  };
  readonly runDetails: {
    readonly builder: { readonly id: string; readonly version: Readonly<Record<string, string>> };
    readonly metadata: { readonly invocationId: string; readonly startedOn: string; readonly finishedOn: string };
  };
}

export type StepStatement = InTotoStatement<Provenance>;

/** The statement of a finished step. Pure. */
export function makeStatement(facts: StepFacts): StepStatement {
  const { code, invocation } = facts;
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf(facts.outputs),
    predicateType: PREDICATE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: `${STEPS}${facts.step}/v${facts.stepVersion}`,
        externalParameters: {
          parameters: facts.parameters ?? null,
          seed: String(facts.seed),
          generation: facts.generation,
          member: facts.member,
        },
        internalParameters: { stepKey: facts.key, engineFingerprint: facts.engineFingerprint },
        resolvedDependencies: [
          ...byName(facts.inputs).map(([name, ref]) => described(name, ref)),
          ...byName(facts.sources).map(([name, { uri, ...ref }]) => described(name, ref, uri)),
          describedCode(code),
        ],
      },
      runDetails: {
        builder: { id: BUILDER, version: { ...invocation.runtime, habsburg: code.version } },
        metadata: {
          invocationId: invocation.id,
          startedOn: invocation.startedOn,
          finishedOn: invocation.finishedOn,
        },
      },
    },
  };
}

/**
 * Reads a statement back into the facts it states, checking every field and that the step key follows from them.
 * @param value parsed JSON, from anywhere
 * @param where words the source for an error, e.g. "statements/steps/ab12….json"
 * @throws 'verification'
 */
export function parseStatement(value: unknown, where: string): StepFacts {
  const at = new Reader(where);
  const root = at.object(value, 'the document');
  at.equal(root._type, STATEMENT_TYPE, '_type');
  at.equal(root.predicateType, PREDICATE_TYPE, 'predicateType');
  const predicate = at.object(root.predicate, 'predicate');
  const build = at.object(predicate.buildDefinition, 'predicate.buildDefinition');
  const external = at.object(build.externalParameters, 'externalParameters');
  const internal = at.object(build.internalParameters, 'internalParameters');
  const run = at.object(predicate.runDetails, 'predicate.runDetails');
  const builder = at.object(run.builder, 'runDetails.builder');
  const metadata = at.object(run.metadata, 'runDetails.metadata');
  const buildType = at.text(build.buildType, 'buildType');
  const [, step, version] = /^([a-z-]+)\/v([0-9]+)$/.exec(buildType.startsWith(STEPS) ? buildType.slice(STEPS.length) : '') ?? [];
  if (step === undefined) throw at.wrong(`buildType is not ${STEPS}<step>/v<version>`);
  at.equal(builder.id, BUILDER, 'builder.id');
  const dependencies = at.list(build.resolvedDependencies, 'resolvedDependencies');
  const kindOf = (entry: unknown) => at.object(at.object(entry, 'a dependency').annotations, 'its annotations').kind;
  const ofKind = (is: (kind: unknown) => boolean) => dependencies.filter((entry) => is(kindOf(entry)));
  const codes = ofKind((kind) => kind === CODE);
  if (codes.length !== 1) throw at.wrong('the code is not among resolvedDependencies');
  const code = at.code(codes[0]);
  const { habsburg, ...runtime } = at.object(builder.version, 'runDetails.builder.version');
  at.equal(habsburg, code.version, 'builder.version.habsburg');
  const key = at.text(internal.stepKey, 'stepKey');
  if (!isDigest(key)) throw at.wrong('stepKey is no digest');
  const bare = <T extends StatedArtifact>(refs: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(refs).map(([name, { files: _, ...ref }]) => [name, ref]));
  const facts: StepFacts = {
    step,
    stepVersion: Number(version),
    key,
    inputs: bare(
      at.artifacts(
        ofKind((kind) => kind !== CODE && kind !== SOURCE_KIND),
        'resolvedDependencies',
      ),
    ),
    sources: bare(
      at.artifacts(
        ofKind((kind) => kind === SOURCE_KIND),
        'resolvedDependencies',
      ),
    ),
    outputs: at.artifacts(at.list(root.subject, 'subject'), 'subject'),
    parameters: external.parameters,
    seed: at.digits(external.seed, 'seed'),
    generation: at.integer(external.generation, 'generation'),
    member: at.text(external.member, 'member'),
    code,
    engineFingerprint: at.text(internal.engineFingerprint, 'engineFingerprint'),
    invocation: {
      id: at.text(metadata.invocationId, 'invocationId'),
      startedOn: at.time(metadata.startedOn, 'startedOn'),
      finishedOn: at.time(metadata.finishedOn, 'finishedOn'),
      runtime: Object.fromEntries(
        Object.entries(runtime).map(([name, value]) => [name, at.text(value, `builder.version.${name}`)]),
      ),
    },
  };
  if (Date.parse(facts.invocation.finishedOn) < Date.parse(facts.invocation.startedOn))
    throw at.wrong('finishedOn is before startedOn');
  if (keyOf(facts) !== key) throw at.wrong('its step key does not follow from its parameters and inputs');
  return facts;
}

/** The step key that a step with these facts must have. */
export function keyOf(facts: Omit<StepFacts, 'key'>): Digest {
  const inputs = Object.fromEntries(Object.entries(facts.inputs).map(([name, ref]) => [name, ref.digest]));
  const { step, stepVersion: version, parameters, seed, generation, member, engineFingerprint } = facts;
  return stepKey({ step, version, parameters, inputs, seed, generation, member, engineFingerprint });
}
