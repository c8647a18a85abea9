/**
 * What a step did, as an in-toto Statement v1 with an SLSA Provenance v1 predicate, so that tools made for those can read it.
 * Field map in docs/artifacts.md. Unsigned; its canonical bytes are the payload that a DSSE envelope will carry.
 */
import { canonicalJson, isDigest, type Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { hexOf } from './keys.js';
import { statementName, stepKey } from './step-record.js';
import type { ArtifactKind, ArtifactRef, ArtifactStore, StepFacts } from './types.js';

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** https://slsa.dev/spec/v1.0/provenance */
const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
const BUILD_TYPE = 'urn:habsburg:step:';
const BUILDER = 'urn:habsburg:builder:';
const CODE = 'habsburg';

/** in-toto ResourceDescriptor, the fields used here. */
export interface ResourceDescriptor {
  readonly name: string;
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

export interface Statement {
  readonly _type: typeof STATEMENT_TYPE;
  /** the outputs: SHA-256 of each artifact's manifest */
  readonly subject: readonly ResourceDescriptor[];
  readonly predicateType: typeof PREDICATE_TYPE;
  readonly predicate: {
    readonly buildDefinition: {
      readonly buildType: string;
      readonly externalParameters: {
        readonly parameters: unknown;
        readonly seed: number;
        readonly generation: number;
        readonly member: string;
      };
      readonly internalParameters: { readonly stepKey: Digest; readonly engineFingerprint: string };
      /** the inputs, then the code */
      readonly resolvedDependencies: readonly ResourceDescriptor[];
    };
    readonly runDetails: {
      readonly builder: { readonly id: string; readonly version: Readonly<Record<string, string>> };
      readonly metadata: { readonly invocationId: string; readonly startedOn: string; readonly finishedOn: string };
    };
  };
}

const byName = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

function describe([name, ref]: [string, ArtifactRef]): ResourceDescriptor {
  return {
    name,
    uri: `urn:habsburg:artifact:${ref.digest}`,
    digest: { sha256: hexOf(ref.digest) },
    annotations: { kind: ref.kind, size: ref.size },
  };
}

/** The statement of a finished step. Pure. */
export function makeStatement(facts: StepFacts): Statement {
  const code: ResourceDescriptor = /^[0-9a-f]{40}$/.test(facts.codeVersion)
    ? { name: CODE, digest: { gitCommit: facts.codeVersion } }
    : { name: CODE, uri: `pkg:npm/habsburg@${encodeURIComponent(facts.codeVersion)}` };
  return {
    _type: STATEMENT_TYPE,
    subject: byName(facts.outputs).map(describe),
    predicateType: PREDICATE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: `${BUILD_TYPE}${facts.step}:v${facts.stepVersion}`,
        externalParameters: {
          parameters: facts.parameters ?? null,
          seed: facts.seed,
          generation: facts.generation,
          member: facts.member,
        },
        internalParameters: { stepKey: facts.key, engineFingerprint: facts.engineFingerprint },
        resolvedDependencies: [...byName(facts.inputs).map(describe), code],
      },
      runDetails: {
        builder: { id: `${BUILDER}${encodeURIComponent(facts.invocation.builder)}`, version: { habsburg: facts.codeVersion } },
        metadata: {
          invocationId: facts.invocation.id,
          startedOn: facts.invocation.startedOn,
          finishedOn: facts.invocation.finishedOn,
        },
      },
    },
  };
}

/** Canonical JSON: the bytes to hash, and to sign. */
export function statementBytes(statement: Statement): Buffer {
  return Buffer.from(canonicalJson(statement), 'utf8');
}

/**
 * Reads a statement back into the facts it states, checking every field and that the step key follows from them.
 * @param value parsed JSON, from anywhere
 * @param where words the source for an error, e.g. "statements/ab12….json"
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
  const version = at.object(builder.version, 'runDetails.builder.version');
  const metadata = at.object(run.metadata, 'runDetails.metadata');
  const buildType = /^urn:habsburg:step:([a-z-]+):v([0-9]+)$/.exec(at.text(build.buildType, 'buildType'));
  if (!buildType) throw at.wrong(`buildType is not ${BUILD_TYPE}<step>:v<version>`);
  const builderId = at.text(builder.id, 'builder.id');
  if (!builderId.startsWith(BUILDER)) throw at.wrong(`builder.id does not start with ${BUILDER}`);
  const dependencies = at.list(build.resolvedDependencies, 'resolvedDependencies');
  const inputs = dependencies.filter((d) => at.object(d, 'a dependency').name !== CODE);
  if (dependencies.length !== inputs.length + 1) throw at.wrong('the code is not among resolvedDependencies');
  const key = at.text(internal.stepKey, 'stepKey');
  if (!isDigest(key)) throw at.wrong('stepKey is no digest');
  const facts: StepFacts = {
    step: buildType[1],
    stepVersion: Number(buildType[2]),
    key,
    inputs: at.refs(inputs, 'resolvedDependencies'),
    outputs: at.refs(at.list(root.subject, 'subject'), 'subject'),
    parameters: external.parameters,
    seed: at.integer(external.seed, 'seed'),
    generation: at.integer(external.generation, 'generation'),
    member: at.text(external.member, 'member'),
    codeVersion: at.text(version.habsburg, 'builder.version.habsburg'),
    engineFingerprint: at.text(internal.engineFingerprint, 'engineFingerprint'),
    invocation: {
      id: at.text(metadata.invocationId, 'invocationId'),
      startedOn: at.time(metadata.startedOn, 'startedOn'),
      finishedOn: at.time(metadata.finishedOn, 'finishedOn'),
      builder: decodeURIComponent(builderId.slice(BUILDER.length)),
    },
  };
  if (keyOf(facts) !== key) throw at.wrong('its step key does not follow from its parameters and inputs');
  return facts;
}

/**
 * What is wrong with the statement of a finished step: absent, damaged, or of another step or other outputs. It cannot be written anew
 * from the record, which does not know what code made them and when: the step is done anew. Undefined: nothing is wrong.
 */
export async function statementProblem(
  store: ArtifactStore,
  { key, outputs }: { readonly key: Digest; readonly outputs: Readonly<Record<string, ArtifactRef>> },
): Promise<string | undefined> {
  const name = statementName(key);
  try {
    const value = await store.readName<unknown>(name);
    if (value === undefined) return `its statement names/${name}.json is missing`;
    const stated = parseStatement(value, `names/${name}.json`);
    const digests = (refs: Readonly<Record<string, ArtifactRef>>) =>
      canonicalJson(Object.fromEntries(Object.entries(refs).map(([output, ref]) => [output, ref.digest])));
    if (stated.key !== key || digests(stated.outputs) !== digests(outputs)) return `names/${name}.json states something else`;
    return undefined;
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'verification') return error.message;
    throw error;
  }
}

/** The step key that a step with these facts must have. */
export function keyOf(facts: Omit<StepFacts, 'key'>): Digest {
  const inputs = Object.fromEntries(Object.entries(facts.inputs).map(([name, ref]) => [name, ref.digest]));
  const { step, stepVersion: version, parameters, seed, generation, member, engineFingerprint } = facts;
  return stepKey({ step, version, parameters, inputs, seed, generation, member, engineFingerprint });
}

type Json = Readonly<Record<string, unknown>>;

/** Takes fields out of untrusted JSON; a field that is not what it should be is named. */
class Reader {
  constructor(readonly where: string) {}

  wrong(what: string): HabsburgError {
    return new HabsburgError('verification', `${this.where}: ${what}; it is no statement of a Habsburg step`);
  }
  object(value: unknown, name: string): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong(`${name} is no object`);
    return value as Json;
  }
  list(value: unknown, name: string): readonly unknown[] {
    if (!Array.isArray(value)) throw this.wrong(`${name} is no list`);
    return value as readonly unknown[];
  }
  text(value: unknown, name: string): string {
    if (typeof value !== 'string') throw this.wrong(`${name} is no string`);
    return value;
  }
  integer(value: unknown, name: string): number {
    if (!Number.isSafeInteger(value)) throw this.wrong(`${name} is no integer`);
    return value as number;
  }
  time(value: unknown, name: string): string {
    const text = this.text(value, name);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) || Number.isNaN(Date.parse(text)))
      throw this.wrong(`${name} is no UTC time (RFC 3339)`);
    return text;
  }
  equal(value: unknown, expected: string, name: string): void {
    if (value !== expected) throw this.wrong(`${name} is ${JSON.stringify(value)}, not ${expected}`);
  }
  refs(values: readonly unknown[], name: string): Record<string, ArtifactRef> {
    const refs: Record<string, ArtifactRef> = {};
    for (const value of values) {
      const item = this.object(value, `an entry of ${name}`);
      const annotations = this.object(item.annotations, `${name}: annotations`);
      const digest = `sha256:${String(this.object(item.digest, `${name}: digest`).sha256)}`;
      if (!isDigest(digest)) throw this.wrong(`${name} holds an entry without a SHA-256`);
      const entry = this.text(item.name, `${name}: name`);
      if (Object.hasOwn(refs, entry)) throw this.wrong(`${name} names ${entry} twice`);
      refs[entry] = {
        kind: this.text(annotations.kind, `${name}: kind`) as ArtifactKind,
        digest,
        size: this.integer(annotations.size, `${name}: size`),
      };
    }
    return refs;
  }
}
