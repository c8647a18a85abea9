/**
 * prepare: what a run starts from. Reads the real texts, gets or trains the tokenizer, cuts blocks, imports the base model.
 * Outputs `train`, `valid`, `test`, `tokenizer`, and `base` (a checkpoint) or `truth` (a synthetic language) where there is one.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cancellationSignal } from '@temporalio/activity';
import { digestOf, type Digest } from '../common/canonical.js';
import { originOfCheckpoint, resolveCheckpoint } from '../data/checkpoint-source.js';
import { TRUTH_FILE } from '../data/grammar.js';
import { assertUnchanged, checkpointDigests } from '../data/identify.js';
import { resolveSource } from '../data/source.js';
import type { ResolvedText, SourceOrigin } from '../data/source.js';
import { parseConfig } from '../engine/models/index.js';
import { isGguf } from '../engine/checkpoint/gguf.js';
import { loadCheckpoint, saveCheckpoint } from '../engine/checkpoint/huggingface.js';
import { quantizeCheckpoint } from '../engine/checkpoint/quantize.js';
import { openWeights } from '../engine/checkpoint/weight-files.js';
import { copyTokenizer } from '../engine/tokenizer/files.js';
import type { Precision } from '../engine/checkpoint/precision.js';
import type { SourceDigests } from '../spec/sources.js';
import type { StepOutput } from './step.js';
import { SPLITS, type PreparedTexts, type Split, type TextsToPrepare } from './prepare-texts.js';
import { preparingOf } from '../kinds/host/index.js';
import type { OpenedData } from '../kinds/host/preparing.js';
import { claimed } from './sources.js';
import { runStep } from './step.js';
import type { ActivityDependencies, PrepareDataInput, PrepareInput, PrepareTextInput, StepResult } from './types.js';

const VERSION = 2;

export function prepareActivity(deps: ActivityDependencies) {
  const prepareText = prepareTextActivity(deps);
  return (input: PrepareInput): Promise<StepResult> => (input.kind === 'text' ? prepareText(input) : prepareData(deps, input));
}

/** Outputs `train`, `valid` and `test`, datasets. */
async function prepareData(
  deps: ActivityDependencies,
  { kind, place, data, sources, claims }: PrepareDataInput,
): Promise<StepResult> {
  const preparing = await preparingOf<PrepareDataInput['data']>(kind);
  let opened: OpenedData | undefined;
  return runStep(
    deps,
    {
      step: 'prepare',
      version: preparing.version,
      place,
      inputs: {},
      // The key is made of what the files hold now, not of where they are.
      parameters: async () => (opened = await preparing.open(data, sources)).parameters,
      sources: () => claimed(opened!.origins, claims),
      engine: false,
    },
    (step) => opened!.write((name) => step.folder(name)),
  );
}

function prepareTextActivity(deps: ActivityDependencies) {
  return (input: PrepareTextInput): Promise<StepResult> => {
    const { place, data, tokenizer, base } = input;
    const quantize = base.kind === 'checkpoint' ? base.quantize : undefined;
    let texts: Record<Split, ResolvedText> | undefined;
    let checkpoint: BaseCheckpoint | undefined;
    return runStep(
      deps,
      {
        step: 'prepare',
        version: VERSION,
        place,
        inputs: {},
        // The key is made of what the sources hold now, not of where they are.
        parameters: async () => {
          const { sources } = input;
          if (base.kind === 'scratch') parseConfig({ ...base.config, vocab_size: 1000 }, 'base.config'); // a wrong one ends the run here
          const text = (split: Split) =>
            resolveSource(data[split], { split, grammar: data.grammar, sources, records: data.template !== undefined, signal: cancellationSignal() }); // prettier-ignore
          texts = { train: await text('train'), valid: await text('valid'), test: await text('test') };
          checkpoint = base.kind === 'checkpoint' ? await readCheckpoint(base.source, sources) : undefined;
          return {
            texts: Object.fromEntries(
              SPLITS.map((split) => [split, { source: texts![split].source, digest: texts![split].digest }]),
            ),
            block: data.block,
            packing: data.packing,
            ...(data.template ? { template: data.template } : {}),
            limit: data.limit,
            ...(data.heldOut ? { heldOut: data.heldOut } : {}),
            ...(data.subset ? { subset: data.subset } : {}),
            grammar: data.grammar ?? null,
            tokenizer,
            base: checkpoint?.files ?? null,
            ...(quantize === undefined ? {} : { quantize }),
          };
        },
        sources: () => {
          const origins = { ...mapSplits((split) => texts![split].origin), ...(checkpoint && { base: checkpoint.origin }) };
          return claimed(origins, input.claims);
        },
        engine: false,
      },
      async (step) => {
        const outputs: Record<string, StepOutput> = {};
        const baseFolder = checkpoint && (await importCheckpoint(checkpoint, await step.folder('base'), quantize));
        if (baseFolder) outputs.base = { kind: 'model', folder: baseFolder };
        const folders = {
          tokenizer: await step.folder('tokenizer'),
          train: await step.folder('train'),
          valid: await step.folder('valid'),
          test: await step.folder('test'),
        };
        const prepared = await step.thread<PreparedTexts>(new URL('./prepare-texts.js', import.meta.url), 'prepareTexts', {
          data,
          tokenizer,
          texts: mapSplits((split) => ({ place: texts![split].place, source: texts![split].source })),
          folders,
          base: baseFolder === undefined ? undefined : { path: checkpoint!.path, folder: baseFolder },
        } satisfies TextsToPrepare);
        outputs.tokenizer = {
          kind: 'tokenizer',
          folder: folders.tokenizer,
          facts: { begins: prepared.begins, prefix: prepared.prefix.join(','), ends: prepared.ends.join(',') },
        };
        const report: Record<string, number> = {};
        for (const split of SPLITS) {
          const { records, leftOut } = prepared[split];
          outputs[split] = {
            kind: 'dataset',
            folder: folders[split],
            facts: { records, block: data.block, source: texts![split].source },
          };
          report[split] = records;
          if (leftOut > 0) report[`${split}LeftOut`] = leftOut;
        }
        const { truth } = texts!.train;
        if (truth) {
          const folder = await step.folder('truth');
          await writeFile(join(folder, TRUTH_FILE), JSON.stringify(truth));
          outputs.truth = { kind: 'truth', folder };
        }
        return { outputs, report };
      },
    );
  };
}

function mapSplits<T>(of: (split: Split) => T): Record<Split, T> {
  return { train: of('train'), valid: of('valid'), test: of('test') };
}

/** A base model before it is imported. */
interface BaseCheckpoint {
  /** its folder, or its GGUF file */
  readonly path: string;
  readonly folder: string;
  /** digests of the files that are its model and tokenizer */
  readonly files: Readonly<Record<string, Digest>>;
  readonly origin: SourceOrigin;
}

async function readCheckpoint(source: string, sources: SourceDigests | undefined): Promise<BaseCheckpoint> {
  const resolved = await resolveCheckpoint(source);
  const { folder } = resolved;
  const files = await checkpointDigests(resolved);
  assertUnchanged(sources, source, digestOf(files));
  const names = Object.keys(files);
  const origin = await originOfCheckpoint(source, resolved, files);
  return { path: names.length === 1 ? join(folder, names[0]) : folder, folder, files, origin };
}

/** Copies a checkpoint, or writes what a GGUF file holds in Hugging Face's layout, or either in fewer bits; returns the folder. */
async function importCheckpoint(
  { path, folder, files }: BaseCheckpoint,
  to: string,
  quantize: Precision | undefined,
): Promise<string> {
  if (quantize !== undefined) {
    await quantizeCheckpoint(path, to, quantize);
    await copyTokenizer(path, to);
  } else if (await isGguf(path)) {
    await saveCheckpoint(to, await loadCheckpoint(path));
    await copyTokenizer(path, to);
  } else {
    await openWeights(folder); // what is damaged is told by the name that the user knows
    for (const file of Object.keys(files)) await copyFile(join(folder, file), join(to, file));
  }
  return to;
}
