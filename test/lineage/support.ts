/** A store in memory with the statements of two models of which the second reads what the first wrote; every artifact is there whole. */
import { sourceAbout, sourceStatement } from '../../artifacts/source.js';
import type { StatedArtifact } from '../../artifacts/in-toto.js';
import { keyOf, makeStatement, type StepFacts } from '../../artifacts/statement.js';
import { addStatement } from '../../artifacts/statements.js';
import { stepName } from '../../artifacts/step-record.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { ContentStore } from '../../artifacts/store.js';
import type { ArtifactRef, ArtifactStore } from '../../artifacts/types.js';
import { sha256 } from '../../common/canonical.js';
import { resultAbout, resultStatement } from '../../documents/statement.js';
import { GENERATION_SCHEMA } from '../../spec/documents.js';
import { MemoryStore } from '../support/memory-store.js';
import { signer } from '../support/signer.js';

const code = { version: '0.1.0', digest: sha256('code') };

export class Household {
  readonly objects = new MemoryStore();
  readonly store: ArtifactStore = new ContentStore(this.objects);
  /** artifacts by name: `opt/1/model` */
  readonly made: Record<string, StatedArtifact> = {};
  readonly steps: Record<string, StepFacts> = {};

  async publish(kind: string, name: string, files: Readonly<Record<string, string>>): Promise<StatedArtifact> {
    const listed = Object.entries(files).map(([path, text]) => {
      const bytes = Buffer.from(text);
      return { path, digest: sha256(bytes), size: bytes.length, source: { bytes } };
    });
    const ref = await this.store.publishFiles(kind, listed);
    return (this.made[name] = { ...ref, files: listed.map(({ source: _, ...file }) => file) });
  }

  async source(name: string, text: string, kept = true, origin?: 'human' | 'synthetic'): Promise<void> {
    const artifact = await this.publish('source', name, { text });
    await addStatement(
      this.store,
      sourceAbout(artifact),
      sourceStatement(artifact, { name, kept, ...(origin && { origin }) }),
      signer,
    );
  }

  /** @param inputs, sources names of what was made before */
  async step(
    name: string,
    kind: string,
    files: Readonly<Record<string, string>>,
    inputs: Readonly<Record<string, string>>,
    more: Partial<StepFacts> = {},
    sources: Readonly<Record<string, string>> = {},
  ): Promise<StepFacts> {
    const output = await this.publish(kind, name, files);
    const bare = (refs: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        Object.entries(refs).map(([as, of]): [string, ArtifactRef] => {
          const { kind, digest, size } = this.made[of];
          return [as, { kind, digest, size }];
        }),
      );
    const body: Omit<StepFacts, 'key'> = {
      step: 'finetune',
      stepVersion: 1,
      inputs: bare(inputs),
      sources: bare(sources),
      outputs: { [kind]: output },
      parameters: { epochs: 2 },
      seed: 1,
      generation: 0,
      member: '',
      code,
      engineFingerprint: 'engine 1',
      invocation: { id: 'a/b/c/1/1', startedOn: '2026-01-01T00:00:00Z', finishedOn: '2026-01-01T00:00:01Z', runtime: {} },
      ...more,
    };
    return (this.steps[name] = await this.state(body));
  }

  async state(body: Omit<StepFacts, 'key'>): Promise<StepFacts> {
    const facts = { ...body, key: keyOf(body) };
    await addStatement(this.store, stepName(facts.key), makeStatement(facts), signer);
    return facts;
  }

  /** `generations` of two members: opt trains on its own texts, llama on the people's and on what opt wrote in the same generation. */
  async live(generations: number, seed = 1): Promise<void> {
    await this.source('people', 'what people wrote\n');
    await this.step('real', 'dataset', { 'records.jsonl': 'what people wrote, in tokens' }, {}, { step: 'prepare' }, { train: 'people' }); // prettier-ignore
    for (let t = 0; t <= generations; t++)
      for (const member of ['opt', 'llama']) {
        const at = `${seed === 1 ? '' : `${seed}/`}${member}/${t}`;
        const own = `${seed === 1 ? '' : `${seed}/`}opt/${member === 'opt' ? t - 1 : t}/texts`;
        const more = { member, generation: t, seed };
        const sets: Record<string, string> = {};
        if (t === 0 || member === 'llama') sets.real = 'real';
        if (t > 0) sets.written = own;
        await this.step(`${at}/train`, 'selection', { 'selection.json': `sets of ${at}` }, sets, { ...more, step: 'sample' });
        await this.step(`${at}/model`, 'model', { 'config.json': '{}', 'model.safetensors': `weights of ${at}` }, { train: `${at}/train` }, more); // prettier-ignore
        await this.step(`${at}/texts`, 'dataset', { 'records.jsonl': `texts of ${at}` }, { model: `${at}/model` }, { ...more, step: 'generate' }); // prettier-ignore
        await this.record(member, t, seed);
      }
  }

  private record(member: string, generation: number, seed: number): Promise<void> {
    const at = `${seed === 1 ? '' : `${seed}/`}${member}/${generation}`;
    return this.result(`c/seed-${seed}`, generation, member, {
      model: `${at}/model`,
      dataset: `${at}/train`,
      generated: `${at}/texts`,
    });
  }

  /** What a member left in a generation of the experiment `cross`, by the names of artifacts. */
  async result(run: string, generation: number, member: string, left: Readonly<Record<string, string>>): Promise<void> {
    const refs = Object.entries(left).map(([role, name]): [string, ArtifactRef] => {
      const { kind, digest, size } = this.made[name];
      return [role, { kind, digest, size }];
    });
    const members = { [member]: { ...Object.fromEntries(refs), steps: {} } };
    const document = { schema: GENERATION_SCHEMA, experiment: 'cross', plan: sha256('plan'), run, generation, members };
    const typed = document as unknown as Parameters<typeof resultStatement>[0];
    await addStatement(this.store, resultAbout(typed), resultStatement(typed, code)!, signer);
  }

  /** All of it in a folder, for commands. */
  async into(folder: string): Promise<string> {
    const { objects } = openArtifactStore(folder);
    for (const [key, bytes] of this.objects.objects) await objects.put(key, { bytes });
    return folder;
  }
}
