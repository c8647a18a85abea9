/**
 * What an artifact of each kind must hold, whoever made it: looked at before a step's outputs are published, and again, by manifest,
 * before a finished step is believed. An engine's word that it is done is not enough.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { filesOf } from '../artifacts/folders.js';
import type { ArtifactFile, ArtifactKind, ArtifactManifest } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import { RECORDS_FILE } from '../pool/records.js';
import { openSafetensors } from '../engine/checkpoint/safetensors.js';
import { TABLE_FILE } from '../data/table.js';
import { STATE_FILE } from '../kinds/chains/host/simulate.js';
import { SELECTION_FILE } from '../pool/selection.js';
import { SCORES_FILE, SERIES_FILE } from '../spec/results.js';

interface Requirement {
  /** for a sentence: "config.json", "weights" */
  readonly what: string;
  readonly file: RegExp;
}

const exactly = (name: string): Requirement => ({ what: name, file: new RegExp(`^${name.replaceAll('.', '\\.')}$`) });
const WEIGHTS: Requirement = { what: 'weights', file: /\.(safetensors|bin|gguf)$/ };

/** A kind that nobody listed: something, at least. */
const ANYTHING: readonly (readonly Requirement[])[] = [[{ what: 'any file', file: /./ }]];

/** Of each kind, the ways to be whole: all files of one of these lists. */
const WHOLE: Readonly<Record<ArtifactKind, readonly (readonly Requirement[])[] | undefined>> = {
  model: [[exactly('config.json'), WEIGHTS], [exactly(STATE_FILE)]],
  dataset: [[exactly(RECORDS_FILE)]],
  selection: [[exactly(SELECTION_FILE)]],
  tokenizer: [[exactly('tokenizer.json')]],
  scores: [[exactly(SCORES_FILE)], [exactly(SERIES_FILE)]],
  truth: [[exactly('truth.json')]],
  table: [[exactly(TABLE_FILE)]],
};

/** JSON that is read back, unless it is larger than this; what else a user's checkpoint brings along is none of our business. */
const OURS = Object.values(WHOLE)
  .flatMap((ways) => ways?.flat() ?? [])
  .filter(({ what }) => what.endsWith('.json'));
const PARSED_BELOW = 16 * 1024 * 1024;

/** What files of this kind lack; undefined: nothing. */
export function lackOf({ kind, files, facts }: Pick<ArtifactManifest, 'kind' | 'files' | 'facts'>): string | undefined {
  // a data set may have come out empty, and says so
  const has = (file: Pick<ArtifactFile, 'path' | 'size'>, wanted: Requirement) =>
    wanted.file.test(file.path) && (file.size > 0 || (kind === 'dataset' && facts.records === 0));
  const lacks = (WHOLE[kind] ?? ANYTHING).map((all) => all.filter((wanted) => !files.some((file) => has(file, wanted))));
  if (lacks.some((lack) => lack.length === 0)) return undefined;
  return `a ${kind} without ${lacks[0].map(({ what }) => what).join(' and ')}`;
}

/**
 * Looks at what a step is about to publish: the files of its kind are there, JSON is JSON, weights are as long as their header says,
 * and a data set has as many records as it is said to have.
 * @throws HabsburgError 'failed'
 */
export async function checkOutput(
  step: string,
  name: string,
  {
    kind,
    folder,
    facts = {},
  }: { readonly kind: ArtifactKind; readonly folder: string; readonly facts?: ArtifactManifest['facts'] },
): Promise<void> {
  const wrong = (what: string, cause?: unknown) =>
    new HabsburgError('failed', `${step} left ${what} as its output ${name}; nothing of it is kept`, { cause });
  const files: Pick<ArtifactFile, 'path' | 'size'>[] = [];
  for (const path of await filesOf(folder)) files.push({ path, size: (await stat(join(folder, path))).size });
  const lack = lackOf({ kind, files: files as ArtifactFile[], facts });
  if (lack !== undefined) throw wrong(lack);
  for (const { path, size } of files) {
    const file = join(folder, path);
    try {
      if (path.endsWith('.safetensors')) await openSafetensors(file);
      else if (size < PARSED_BELOW && OURS.some((wanted) => wanted.file.test(path))) JSON.parse(await readFile(file, 'utf8'));
    } catch (error) {
      throw wrong(`a damaged ${path} (${(error as Error).message})`, error);
    }
  }
  if (kind === 'dataset' && facts.records !== undefined) {
    const lines = await countLines(join(folder, RECORDS_FILE));
    if (lines !== facts.records) throw wrong(`${lines} records in place of ${facts.records}`);
  }
}

async function countLines(file: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines++;
  }
  return lines;
}
