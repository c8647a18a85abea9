import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { statementBytes } from '../../artifacts/in-toto.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { keyOf, makeStatement, parseStatement, type StepFacts } from '../../artifacts/statement.js';
import {
  addStatement,
  checkStatements,
  dropUnreadable,
  readStatement,
  statementIn,
  statementKey,
  statementsAbout,
} from '../../artifacts/statements.js';
import { stepKey, stepName, type StepInput } from '../../artifacts/step-record.js';
import { sha256 } from '../../common/canonical.js';
import { failure } from './object-store-contract.js';
import { sealed } from '../../signing/envelope.js';
import { signer } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-statement-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const body: Omit<StepFacts, 'key'> = {
  step: 'finetune',
  stepVersion: 2,
  inputs: {
    train: { kind: 'dataset', digest: sha256('train'), size: 10 },
    base: { kind: 'model', digest: sha256('base'), size: 20 },
  },
  sources: { text: { kind: 'source', digest: sha256('text'), size: 5, uri: 'hf://owner/name@commit' } },
  outputs: {
    model: {
      kind: 'model',
      digest: sha256('model'),
      size: 30,
      files: [
        { path: 'config.json', digest: sha256('config'), size: 10 },
        { path: 'model.safetensors', digest: sha256('weights'), size: 20 },
      ],
    },
  },
  parameters: { epochs: 3, learningRate: 0.0003 },
  seed: 9007199254740991,
  generation: 4,
  member: 'opt',
  code: { version: '0.1.0', digest: sha256('code'), commit: '0123456789abcdef0123456789abcdef01234567', modified: true },
  engineFingerprint: 'onnxruntime-node 1.30.0',
  invocation: {
    id: 'default/quickstart/abc/7/1',
    startedOn: '2026-01-02T03:04:05Z',
    finishedOn: '2026-01-02T03:05:06.789Z',
    runtime: { node: '20.19.0' },
  },
};
const facts: StepFacts = { ...body, key: keyOf(body) };
const TYPES = 'https://habsburg.example/lineage/v1';

describe('statement', () => {
  test('is an in-toto Statement v1 with an SLSA Provenance v1 predicate, field by field', () => {
    const hex = (s: string) => sha256(s).slice(7);
    expect(makeStatement(facts)).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        { name: 'model', digest: { sha256: hex('model') }, annotations: { kind: 'model', size: 30 } },
        { name: 'model/config.json', digest: { sha256: hex('config') }, annotations: { fileOf: 'model', size: 10 } },
        { name: 'model/model.safetensors', digest: { sha256: hex('weights') }, annotations: { fileOf: 'model', size: 20 } },
      ],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: `${TYPES}/steps/finetune/v2`,
          externalParameters: {
            parameters: { epochs: 3, learningRate: 0.0003 },
            seed: '9007199254740991',
            generation: 4,
            member: 'opt',
          },
          internalParameters: { stepKey: facts.key, engineFingerprint: 'onnxruntime-node 1.30.0' },
          resolvedDependencies: [
            { name: 'base', digest: { sha256: hex('base') }, annotations: { kind: 'model', size: 20 } },
            { name: 'train', digest: { sha256: hex('train') }, annotations: { kind: 'dataset', size: 10 } },
            {
              name: 'text',
              uri: 'hf://owner/name@commit',
              digest: { sha256: hex('text') },
              annotations: { kind: 'source', size: 5 },
            },
            {
              name: 'habsburg',
              digest: { sha256: hex('code') },
              annotations: {
                kind: 'code',
                version: '0.1.0',
                commit: '0123456789abcdef0123456789abcdef01234567',
                modified: true,
              },
            },
          ],
        },
        runDetails: {
          builder: { id: `${TYPES}/worker`, version: { habsburg: '0.1.0', node: '20.19.0' } },
          metadata: {
            invocationId: 'default/quickstart/abc/7/1',
            startedOn: '2026-01-02T03:04:05Z',
            finishedOn: '2026-01-02T03:05:06.789Z',
          },
        },
      },
    });
  });

  test('its bytes read back into the same facts', () => {
    for (const f of [
      facts,
      { ...facts, code: { version: '0.1.0', digest: sha256('code') }, sources: {} },
      { ...facts, outputs: { 'past/m': facts.outputs.model, model: facts.outputs.model } },
    ]) {
      const bytes = statementBytes(makeStatement(f));
      expect(parseStatement(JSON.parse(bytes.toString()), 'here')).toEqual(f);
    }
  });

  test('any change to what determines the step breaks its key', async () => {
    const edits: ((s: any) => void)[] = [
      (s) => (s.predicate.buildDefinition.externalParameters.seed = '2'),
      (s) => (s.predicate.buildDefinition.externalParameters.generation = 0),
      (s) => (s.predicate.buildDefinition.externalParameters.member = 'other'),
      (s) => (s.predicate.buildDefinition.externalParameters.parameters.epochs = 4),
      (s) => (s.predicate.buildDefinition.internalParameters.engineFingerprint = 'other'),
      (s) => (s.predicate.buildDefinition.buildType = `${TYPES}/steps/finetune/v3`),
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
      ['subject', (s) => (s.subject[0].digest.sha256 = sha256('model'))],
      ['subject', (s) => s.subject.push(s.subject[0])],
      ['model/config.json is of no artifact', (s) => s.subject.shift()],
      ['is of no artifact', (s) => (s.subject[1].name = 'other/config.json')],
      ['buildType', (s) => (s.predicate.buildDefinition.buildType = 'make')],
      ['builder.id', (s) => (s.predicate.runDetails.builder.id = 'https://example.org')],
      ['builder.version', (s) => (s.predicate.runDetails.builder.version.habsburg = '0.2.0')],
      ['startedOn', (s) => (s.predicate.runDetails.metadata.startedOn = 'yesterday')],
      ['startedOn', (s) => (s.predicate.runDetails.metadata.startedOn = '2026-01-02T03:04:05')],
      ['before startedOn', (s) => (s.predicate.runDetails.metadata.finishedOn = '2026-01-02T03:04:04.999Z')],
      ['seed', (s) => (s.predicate.buildDefinition.externalParameters.seed = 1)],
      ['seed', (s) => (s.predicate.buildDefinition.externalParameters.seed = '9007199254740993')],
      ['resolvedDependencies', (s) => s.predicate.buildDefinition.resolvedDependencies.pop()],
      ['the code', (s) => delete s.predicate.buildDefinition.resolvedDependencies[3].digest],
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

describe('statements about a step', () => {
  const about = stepName(facts.key);
  let made = 0;
  const fresh = () => {
    const folder = join(root, `store-${made++}`);
    return { folder, store: openArtifactStore(folder) };
  };
  const byAttempt = (n: number): StepFacts => ({ ...facts, invocation: { ...facts.invocation, id: `default/w/r/1/${n}` } });
  const all = async (store: ReturnType<typeof openArtifactStore>) => {
    const digests: string[] = [];
    for await (const digest of statementsAbout(store, about)) digests.push(digest);
    return digests.sort();
  };

  test('lie under their step by the digest of their bytes, each once, whoever writes them at the same time', async () => {
    const { folder, store } = fresh();
    const other = openArtifactStore(folder);
    const added = await Promise.all(
      Array.from({ length: 40 }, (_, i) => addStatement(i % 2 ? store : other, about, makeStatement(byAttempt(i % 10)), signer)),
    );
    const envelopes = await Promise.all(
      Array.from({ length: 10 }, (_, n) => sealed(statementBytes(makeStatement(byAttempt(n))), signer)),
    );
    const expected = envelopes.map((bytes) => sha256(bytes));
    expect(added).toEqual(Array.from({ length: 40 }, (_, i) => expected[i % 10]));
    expect(await all(store)).toEqual([...expected].sort());
    for (const [n, digest] of expected.entries())
      expect(parseStatement((await readStatement(other, about, digest)).value, 'here')).toEqual(byAttempt(n));
    // those of another step do not stand here
    const later = { ...body, seed: 2 };
    await addStatement(store, stepName(keyOf(later)), makeStatement({ ...later, key: keyOf(later) }), signer);
    expect(await all(store)).toHaveLength(10);
  });

  test('the record’s own is enough; where it cannot be believed, another is; where none can, that is said', async () => {
    const { folder, store } = fresh();
    const record = { key: facts.key, outputs: facts.outputs };
    expect(await checkStatements(store, record)).toEqual({ damaged: [] });
    const own = await addStatement(store, about, makeStatement(facts), signer);
    expect(await checkStatements(store, { ...record, statement: own })).toEqual({ statement: own, facts, damaged: [] });
    const missing = sha256('missing');
    expect(await checkStatements(store, { ...record, statement: missing })).toEqual({
      statement: own,
      facts,
      damaged: [{ digest: missing, problem: expect.stringContaining('is missing') }],
    });
    // of other outputs, of another step
    const elsewhere = { ...facts, outputs: { model: { ...facts.outputs.model, digest: sha256('other') } } };
    const other = { ...body, seed: 2 };
    for (const stranger of [elsewhere, { ...other, key: keyOf(other) }]) {
      const { store: alone } = fresh();
      const statement = await addStatement(alone, about, makeStatement(stranger), signer);
      expect(await checkStatements(alone, { ...record, statement })).toEqual({
        damaged: [{ digest: statement, problem: expect.stringContaining('states something else') }],
      });
    }
    writeFileSync(join(folder, statementKey(about, own)), '{}');
    expect(await checkStatements(store, { ...record, statement: own })).toEqual({
      damaged: [{ digest: own, problem: expect.stringContaining('do not have the hash') }],
    });
  });

  test('every flipped bit is told; what cannot be read goes when the step is done anew, the others stay', async () => {
    const { folder, store } = fresh();
    const small = { ...facts, parameters: null, inputs: {}, sources: {}, member: '' };
    const one = { ...small, key: keyOf(small) };
    const at = stepName(one.key);
    const whole = await addStatement(
      store,
      at,
      makeStatement({ ...one, invocation: { ...one.invocation, id: 'a/b/c/d/1' } }),
      signer,
    );
    const own = await addStatement(store, at, makeStatement(one), signer);
    const path = join(folder, statementKey(at, own));
    const bytes = readFileSync(path);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      await expect(statementIn(store, flipped, own, 'here')).rejects.toThrow(/here is damaged/);
    }
    writeFileSync(path, bytes.subarray(1));
    expect((await checkStatements(store, { ...one, statement: own })).damaged).toHaveLength(1);
    await dropUnreadable(store, one.key);
    expect(readdirSync(join(folder, 'statements', at))).toEqual([`${whole.slice(7)}.json`]);
    await addStatement(store, at, makeStatement(one), signer);
    expect(await checkStatements(store, { ...one, statement: own })).toEqual({ statement: own, facts: one, damaged: [] });
  });

  test('another form of the same JSON is no statement, though its name be the hash of it', async () => {
    const { folder, store } = fresh();
    const pretty = await sealed(Buffer.from(`${JSON.stringify(makeStatement(facts), null, 2)}\n`), signer);
    await addStatement(store, about, makeStatement(facts), signer);
    writeFileSync(join(folder, statementKey(about, sha256(pretty))), pretty);
    expect(await failure(readStatement(store, about, sha256(pretty)))).toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('canonical form'),
    });
    const bare = statementBytes(makeStatement(facts));
    writeFileSync(join(folder, statementKey(about, sha256(bare))), bare);
    expect(await failure(readStatement(store, about, sha256(bare)))).toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('is no signed statement'),
    });
  });
});
