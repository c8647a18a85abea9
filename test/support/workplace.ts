/** Steps as a worker does them, over a store in a folder of its own and an engine that is what a test gives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivityDependencies, StepPlace, StepResult } from '../../activities/types.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { parseStatement, type StepFacts } from '../../artifacts/statement.js';
import { readStatement, statementsAbout } from '../../artifacts/statements.js';
import { stepName } from '../../artifacts/step-record.js';
import type { ArtifactKind, ArtifactManifest, ArtifactRef } from '../../artifacts/types.js';
import { sha256, type Digest } from '../../common/canonical.js';
import { EngineDied, type JobHooks, type RunJob } from '../../engines/run-job.js';
import type { FitJob, Job, JobReport } from '../../kinds/host/types.js';
import { RECORDS_FILE, readAllRecords, type DataRecord } from '../../pool/records.js';
import { SELECTION_FILE } from '../../pool/selection.js';
import { asActivity, type Watching } from './activity.js';
import { signer } from './signer.js';

export class Workplace {
  readonly root = mkdtempSync(join(tmpdir(), 'habsburg-steps-'));
  readonly storePath = join(this.root, 'store');
  readonly store = openArtifactStore(this.storePath);
  /** what the engine was asked for, in order */
  readonly jobs: Job[] = [];
  readonly deps: ActivityDependencies;
  #made = 0;
  #dies = false;

  /** @param engine does a job: writes its output, and reports */
  constructor(engine: RunJob = () => Promise.reject(new Error('no engine is asked for'))) {
    this.deps = {
      openStore: (url) => (url === this.storePath ? this.store : openArtifactStore(url)),
      runJob: (job: Job, hooks: JobHooks): Promise<JobReport> => {
        this.jobs.push(job);
        return this.#dies ? this.#die(hooks) : engine(job, hooks);
      },
      engineFingerprint: (device) => `an engine on ${device}`,
      livingEngines: () => Promise.resolve(['an engine on cpu']),
      device: 'cpu',
      code: { version: '0', digest: sha256('code') },
      signer,
      scratch: join(this.root, 'scratch'),
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  place(more: Partial<StepPlace> = {}): StepPlace {
    return { store: this.storePath, seed: 7, generation: 2, member: 'm', checkpointSeconds: 60, ...more };
  }

  /** An activity, called as a worker calls it. */
  do<I, R>(
    activity: (deps: ActivityDependencies) => (input: I) => Promise<R>,
    input: I,
    attempt = 1,
    watching: Watching = {},
  ): Promise<R> {
    return asActivity(() => activity(this.deps)(input), attempt, watching);
  }

  /** Whether an attempt goes on from what the one before it had done when its engine died. */
  async resumes<I, R>(activity: (deps: ActivityDependencies) => (input: I) => Promise<R>, input: I): Promise<boolean> {
    this.#dies = true;
    await this.do(activity, input).catch(() => undefined);
    this.#dies = false;
    await this.do(activity, input, 2);
    return (this.jobs.at(-1) as Partial<FitJob>).resume !== undefined;
  }

  async #die(hooks: JobHooks): Promise<never> {
    const folder = this.folder();
    writeFileSync(join(folder, 'half'), 'of it');
    await hooks.checkpoint(folder);
    throw new EngineDied('killed');
  }

  folder(): string {
    const path = join(this.root, `in-${this.#made++}`);
    mkdirSync(path);
    return path;
  }

  publish(
    kind: ArtifactKind,
    files: Readonly<Record<string, string | Uint8Array>>,
    facts: ArtifactManifest['facts'] = {},
  ): Promise<ArtifactRef> {
    const folder = this.folder();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return this.store.publish(kind, folder, facts);
  }

  model(name: string): Promise<ArtifactRef> {
    return this.publish('model', { 'config.json': JSON.stringify({ name }), 'weights.bin': name });
  }

  texts(records: readonly DataRecord[]): Promise<ArtifactRef> {
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    return this.publish('dataset', { [RECORDS_FILE]: lines }, { records: records.length });
  }

  /** A selection of runs [first, count] of one set. */
  selection(set: ArtifactRef, records: number, runs: readonly (readonly [number, number])[]): Promise<ArtifactRef> {
    const { kind, digest } = set;
    const document = {
      schema: 'habsburg.selection/v1',
      sets: [{ kind, digest, records }],
      runs: runs.map((run) => [0, ...run]),
    };
    const count = runs.reduce((sum, [, n]) => sum + n, 0);
    return this.publish('selection', { [SELECTION_FILE]: JSON.stringify(document) }, { records: count });
  }

  async json(ref: ArtifactRef, file: string): Promise<any> {
    return JSON.parse((await this.store.readFile(ref.digest, file)).toString());
  }

  async readTexts(ref: ArtifactRef): Promise<DataRecord[]> {
    const folder = this.folder();
    await this.store.materialise(ref.digest, folder);
    return readAllRecords(folder);
  }

  /** What is stated of a step. */
  async stated({ key }: StepResult): Promise<StepFacts> {
    for await (const digest of statementsAbout(this.store, stepName(key)))
      return parseStatement((await readStatement(this.store, stepName(key), digest)).value, 'here');
    throw new Error(`nothing is stated of ${key}`);
  }

  /** Of inputs, the names of those that lead to another key than the first's. */
  async changed<I>(ask: (input: I) => Promise<StepResult>, input: I, others: Readonly<Record<string, I>>): Promise<string[]> {
    const { key } = await ask(input);
    const keys: [string, Digest][] = [];
    for (const [name, other] of Object.entries(others)) keys.push([name, (await ask(other)).key]);
    return keys.filter(([, other]) => other !== key).map(([name]) => name);
  }
}

/** A real text, or one that was written after the real one of its number. */
export function text(id: string, tokens: readonly number[], more: Partial<DataRecord> = {}): DataRecord {
  return { id, origin: { kind: 'real', source: 'a file' }, tokens, text: tokens.join(' '), ...more };
}
