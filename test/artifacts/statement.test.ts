import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import {
  keyOf,
  makeStatement,
  parseStatement,
  statementBytes,
  statementProblem,
  type Statement,
} from '../../artifacts/statement.js';
import { statementName, stepKey, type StepInput } from '../../artifacts/step-record.js';
import type { StepFacts } from '../../artifacts/types.js';
import { sha256 } from '../../common/canonical.js';
import { failure } from './object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-statement-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const body = {
  step: 'finetune',
  stepVersion: 2,
  inputs: {
    train: { kind: 'dataset', digest: sha256('train'), size: 10 },
    base: { kind: 'model', digest: sha256('base'), size: 20 },
  },
  outputs: { model: { kind: 'model', digest: sha256('model'), size: 30 } },
  parameters: { epochs: 3, learningRate: 0.0003 },
  seed: 1,
  generation: 4,
  member: 'opt',
  codeVersion: '0123456789abcdef0123456789abcdef01234567',
  engineFingerprint: 'onnxruntime-node 1.30.0',
  invocation: {
    id: 'default/quickstart/abc/7/1',
    startedOn: '2026-01-02T03:04:05Z',
    finishedOn: '2026-01-02T03:05:06.789Z',
    builder: 'build 1/worker@host',
  },
} as const;
const facts: StepFacts = { ...body, key: keyOf(body) };

describe('statement', () => {
  test('is an in-toto Statement v1 with an SLSA Provenance v1 predicate, field by field', () => {
    const hex = (s: string) => sha256(s).slice(7);
    expect(makeStatement(facts)).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        {
          name: 'model',
          uri: `urn:habsburg:artifact:sha256:${hex('model')}`,
          digest: { sha256: hex('model') },
          annotations: { kind: 'model', size: 30 },
        },
      ],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: 'urn:habsburg:step:finetune:v2',
          externalParameters: { parameters: { epochs: 3, learningRate: 0.0003 }, seed: 1, generation: 4, member: 'opt' },
          internalParameters: { stepKey: facts.key, engineFingerprint: 'onnxruntime-node 1.30.0' },
          resolvedDependencies: [
            {
              name: 'base',
              uri: `urn:habsburg:artifact:sha256:${hex('base')}`,
              digest: { sha256: hex('base') },
              annotations: { kind: 'model', size: 20 },
            },
            {
              name: 'train',
              uri: `urn:habsburg:artifact:sha256:${hex('train')}`,
              digest: { sha256: hex('train') },
              annotations: { kind: 'dataset', size: 10 },
            },
            { name: 'habsburg', digest: { gitCommit: body.codeVersion } },
          ],
        },
        runDetails: {
          builder: { id: 'urn:habsburg:builder:build%201%2Fworker%40host', version: { habsburg: body.codeVersion } },
          metadata: {
            invocationId: 'default/quickstart/abc/7/1',
            startedOn: '2026-01-02T03:04:05Z',
            finishedOn: '2026-01-02T03:05:06.789Z',
          },
        },
      },
    });
  });

  test('a released version is named by its package url', () => {
    const code = makeStatement({ ...facts, codeVersion: '0.1.0' }).predicate.buildDefinition.resolvedDependencies.at(-1);
    expect(code).toEqual({ name: 'habsburg', uri: 'pkg:npm/habsburg@0.1.0' });
  });

  test('its bytes read back into the same facts', () => {
    for (const f of [facts, { ...facts, codeVersion: '0.1.0+dirty' }]) {
      const bytes = statementBytes(makeStatement(f));
      expect(parseStatement(JSON.parse(bytes.toString()), 'here')).toEqual(f);
      expect(statementBytes(JSON.parse(bytes.toString()) as Statement).equals(bytes)).toBe(true);
    }
  });

  test('any change to what determines the step breaks its key', async () => {
    const edits: ((s: any) => void)[] = [
      (s) => (s.predicate.buildDefinition.externalParameters.seed = 2),
      (s) => (s.predicate.buildDefinition.externalParameters.generation = 0),
      (s) => (s.predicate.buildDefinition.externalParameters.member = 'other'),
      (s) => (s.predicate.buildDefinition.externalParameters.parameters.epochs = 4),
      (s) => (s.predicate.buildDefinition.internalParameters.engineFingerprint = 'other'),
      (s) => (s.predicate.buildDefinition.buildType = 'urn:habsburg:step:finetune:v3'),
      (s) => (s.predicate.buildDefinition.resolvedDependencies[0].digest.sha256 = sha256('other').slice(7)),
      (s) => s.predicate.buildDefinition.resolvedDependencies.shift(),
    ];
    for (const edit of edits) {
      const statement = JSON.parse(JSON.stringify(makeStatement(facts)));
      edit(statement);
      expect(await failure((async () => parseStatement(statement, 'here'))())).toMatchObject({
        kind: 'verification',
        message: expect.stringMatching(/^here: its step key/),
      });
    }
  });

  test('a malformed statement is refused, with the field', async () => {
    const edits: [string, (s: any) => void][] = [
      ['_type', (s) => (s._type = 'https://in-toto.io/Statement/v0.1')],
      ['predicateType', (s) => (s.predicateType = 'https://slsa.dev/provenance/v0.2')],
      ['subject', (s) => (s.subject = {})],
      ['subject', (s) => (s.subject[0].digest = { sha1: 'x' })],
      ['subject', (s) => s.subject.push(s.subject[0])],
      ['buildType', (s) => (s.predicate.buildDefinition.buildType = 'make')],
      ['builder.id', (s) => (s.predicate.runDetails.builder.id = 'https://example.org')],
      ['startedOn', (s) => (s.predicate.runDetails.metadata.startedOn = 'yesterday')],
      ['seed', (s) => (s.predicate.buildDefinition.externalParameters.seed = '1')],
      ['resolvedDependencies', (s) => s.predicate.buildDefinition.resolvedDependencies.pop()],
      ['predicate', (s) => (s.predicate = null)],
    ];
    for (const [field, edit] of edits) {
      const statement = JSON.parse(JSON.stringify(makeStatement(facts)));
      edit(statement);
      expect(await failure((async () => parseStatement(statement, 'here'))())).toMatchObject({
        kind: 'verification',
        message: expect.stringContaining(field),
      });
    }
    expect((await failure((async () => parseStatement('[]', 'here'))())).kind).toBe('verification');
  });
});

describe('step key', () => {
  const input: StepInput = {
    step: 'sample',
    version: 1,
    parameters: { a: 1, b: [2] },
    inputs: { x: sha256('x'), y: sha256('y') },
    seed: 1,
    generation: 0,
    member: 'm',
    engineFingerprint: 'f',
  };

  test('is the SHA-256 of the canonical JSON of its input', () => {
    const x = sha256('x');
    const y = sha256('y');
    expect(stepKey(input)).toBe(
      sha256(
        `{"engineFingerprint":"f","generation":0,"inputs":{"x":"${x}","y":"${y}"},"member":"m","parameters":{"a":1,"b":[2]},"schema":"habsburg.step-key/v1","seed":1,"step":"sample","version":1}`,
      ),
    );
  });

  test('does not depend on the order of members, nor on fields it does not know', () => {
    const { member, ...rest } = input;
    const other = { member, ...rest, inputs: { y: sha256('y'), x: sha256('x') }, parameters: { b: [2], a: 1 }, attempt: 7 };
    expect(stepKey(other)).toBe(stepKey(input));
  });

  test('depends on everything that determines the step', () => {
    const others: Partial<StepInput>[] = [
      { step: 'score' },
      { version: 2 },
      { parameters: { a: 1 } },
      { inputs: { x: sha256('x') } },
      { inputs: { x: sha256('y'), y: sha256('x') } },
      { seed: 2 },
      { generation: 1 },
      { member: 'n' },
      { engineFingerprint: 'g' },
    ];
    expect(new Set([input, ...others.map((o) => ({ ...input, ...o }))].map(stepKey)).size).toBe(others.length + 1);
  });
});

describe('the statement of a finished step', () => {
  const store = openArtifactStore(join(root, 'store'));
  const record = { key: facts.key, outputs: facts.outputs };
  const name = statementName(facts.key);

  test('is looked at before the step is believed: as it was written, nothing is wrong', async () => {
    await store.writeName(name, makeStatement(facts));
    expect(await statementProblem(store, record)).toBeUndefined();
  });

  test('missing, damaged, edited, another step’s or about other outputs: said', async () => {
    await store.deleteName(name);
    expect(await statementProblem(store, record)).toMatch(/is missing/);
    const edited = JSON.parse(JSON.stringify(makeStatement(facts))) as {
      predicate: { buildDefinition: { externalParameters: { seed: number } } };
    };
    edited.predicate.buildDefinition.externalParameters.seed = 99;
    const other = { ...body, seed: 2 };
    for (const [content, problem] of [
      ['{', /is not JSON/],
      ['null', /the document is no object/],
      ['[]', /the document is no object/],
      [JSON.stringify(edited), /does not follow/],
      [JSON.stringify(makeStatement({ ...other, key: keyOf(other) })), /states something else/],
      [JSON.stringify(makeStatement({ ...facts, outputs: {} })), /states something else/],
    ] as const) {
      writeFileSync(join(root, 'store', 'names', `${name}.json`), content);
      expect(await statementProblem(store, record)).toMatch(problem);
    }
  });
});
