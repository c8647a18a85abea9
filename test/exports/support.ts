/** A small house whose artifacts hold what real ones do, and exports of what is in it. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { writeExport } from '../../exports/files.js';
import { formats } from '../../exports/index.js';
import { readSubject } from '../../exports/subject.js';
import type { Subject } from '../../exports/types.js';
import { readGraph } from '../../lineage/graph.js';
import { openModelKey } from '../../signing/model-key.js';
import { sourceAbout, sourceStatement, type SourceFacts } from '../../artifacts/source.js';
import { addStatement } from '../../artifacts/statements.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import { sha256 } from '../../common/canonical.js';
import { resultAbout, resultStatement } from '../../documents/statement.js';
import { EVALUATION_SCHEMA, GENERATION_SCHEMA } from '../../spec/documents.js';
import { SCORES_FILE, SCORES_SCHEMA } from '../../spec/results.js';
import { Household } from '../lineage/support.js';
import { signer } from '../support/signer.js';

/** Trees, which somebody wrote and says so, is trained on; a model writes, and a second one is trained on what it wrote. */
export class House extends Household {
  /** @param licence of Trees, as claimed */
  static async built(licence: string | null = 'CC-BY-4.0'): Promise<House> {
    const house = new House();
    await house.claimed('trees', 'A tree.\nAnother tree.\n', {
      name: 'Trees',
      ...(licence !== null && { licence }),
      uri: 'https://trees.example/2021',
      origin: 'human',
    });
    const real = lines(
      [1, 2].map((i) => ({
        id: `train/00000${i}`,
        tokens: [i, 7],
        text: i === 1 ? 'A tree.' : 'Another “tree”.',
        origin: { kind: 'real', source: 'train' },
      })),
    );
    await house.step('real', 'dataset', { 'records.jsonl': real }, {}, { step: 'prepare', ...at(0) }, { train: 'trees' });
    await house.step('0/model', 'model', modelFiles('0'), { train: 'real' }, { member: 'opt', ...at(1) });
    await house.step(
      '0/texts',
      'dataset',
      { 'records.jsonl': written(house.made['0/model'].digest, 0) },
      { model: '0/model', prompts: 'real' },
      { step: 'generate', member: 'opt', ...at(2) },
    );
    await house.step(
      '1/model',
      'model',
      modelFiles('1'),
      { train: '0/texts', start: '0/model' },
      { member: 'opt', generation: 1, ...at(3) },
    );
    await house.step(
      '1/texts',
      'dataset',
      { 'records.jsonl': written(house.made['1/model'].digest, 1) },
      { model: '1/model', prompts: 'real' },
      { step: 'generate', member: 'opt', generation: 1, ...at(4) },
    );
    for (const generation of [0, 1]) await house.told(generation);
    return house;
  }

  async claimed(name: string, text: string | Readonly<Record<string, string>>, claim: Omit<SourceFacts, 'kept'>): Promise<void> {
    const artifact = await this.publish('source', name, typeof text === 'string' ? { text } : text);
    await addStatement(this.store, sourceAbout(artifact), sourceStatement(artifact, { ...claim, kept: true }), signer);
  }

  /** What an experiment's documents say of a generation, and what was measured. */
  private async told(generation: number): Promise<void> {
    const values = [
      {
        metric: 'perplexity',
        variant: 'self',
        version: 1,
        value: 41.25 + generation,
        n: 2,
        settings: {},
        subject: this.made[`${generation}/model`].digest,
      },
    ];
    await this.publish('scores', `${generation}/scores`, {
      [SCORES_FILE]: JSON.stringify({ schema: SCORES_SCHEMA, values, histograms: [], samples: [] }),
    });
    const of = {
      experiment: 'forest',
      plan: await this.store.keepBytes(Buffer.from('{"name":"forest"}')),
      run: 'replace/seed-1',
      generation,
    };
    const member = { model: this.ref(`${generation}/model`), generated: this.ref(`${generation}/texts`), steps: {} };
    await this.file({ schema: GENERATION_SCHEMA, ...of, members: { opt: member } });
    await this.file({
      schema: EVALUATION_SCHEMA,
      ...of,
      member: 'opt',
      of: member.generated.digest,
      scores: this.ref(`${generation}/scores`),
    });
  }

  private async file(document: Parameters<typeof resultStatement>[0]): Promise<void> {
    const code = { version: '0.1.0', digest: sha256('code') };
    await addStatement(this.store, resultAbout(document), resultStatement(document, code)!, signer);
  }

  private ref(name: string): ArtifactRef {
    const { kind, digest, size } = this.made[name];
    return { kind, digest, size };
  }
}

const lines = (records: readonly unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const written = (model: string, generation: number): string =>
  lines(
    [1, 2, 3].map((i) => ({
      id: `g${generation}/opt/00000${i}`,
      tokens: [i, i, 9],
      text: `tree ${i}`,
      origin: { kind: 'generated', member: 'opt', generation, model, prompt: 'train/000001' },
    })),
  );
const modelFiles = (t: string) => ({
  'config.json': JSON.stringify({ architectures: ['OPTForCausalLM'], model_type: 'opt' }),
  'model.safetensors': `weights of ${t}`,
});
/** One hour after another. */
const at = (hour: number) => ({
  invocation: {
    id: 'default/forest/run/1/1',
    startedOn: `2026-01-01T0${hour}:00:00.000Z`,
    finishedOn: `2026-01-01T0${hour}:30:00.000Z`,
    runtime: { node: '20.20.2' },
  },
});

/** A house and exports of what is in it, for the tests of one file: their folders go after them. */
export async function builtHouse(): Promise<{ house: House; exports: Exports }> {
  const house = await House.built();
  const exports = new Exports(house);
  afterAll(() => exports.remove());
  return { house, exports };
}

/** A folder for a test file's exports. */
export class Exports {
  readonly root = mkdtempSync(join(tmpdir(), 'habsburg-exports-'));
  #count = 0;

  constructor(readonly house: Household) {}

  /** @param name of an artifact of the household */
  async subject(name: string): Promise<Subject> {
    const { kind, digest, size } = this.house.made[name];
    return readSubject(this.house.store, await readGraph(this.house.store), { kind, digest, size });
  }

  /** An artifact of the household in a format, as a new folder. */
  async write(format: string, name: string): Promise<string> {
    const to = join(this.root, `${format}-${this.#count++}`);
    const files = await formats
      .find((one) => one.name === format)!
      .files(await this.subject(name), {
        store: this.house.store,
        modelKey: () => openModelKey(join(this.root, 'keys', 'model-signing.pem')),
        version: '0.1.0',
      });
    await writeExport(this.house.store, files, to);
    return to;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Every file of a folder by its path. */
export function filesIn(folder: string): Record<string, Buffer> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  return Object.fromEntries(paths.sort().map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path))]));
}

/** Flips the lowest bit of a byte, the middle one where none is said. */
export function flip(file: string, at?: number): void {
  const bytes = readFileSync(file);
  bytes[at ?? bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
}

/** Changes the JSON of a file. */
export function edit(file: string, change: (value: any) => void): void {
  const value = JSON.parse(readFileSync(file, 'utf8')) as unknown;
  change(value);
  writeFileSync(file, JSON.stringify(value));
}
