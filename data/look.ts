/**
 * A look at a plan's local sources before anything starts: whether they are there, are what they are taken for, are long enough and
 * differ from each other. Quick: nothing is tokenised, and nothing of the Hub is asked for.
 */
import { stat } from 'node:fs/promises';
import { sha256 } from '../common/canonical.js';
import { HabsburgError, isHabsburgError, type ErrorKind } from '../common/errors.js';
import { readTextFile } from '../common/text-file.js';
import type { Images } from '../common/images.js';
import type { Path } from '../spec/problems.js';
import type { AnyExperimentPlan, DataPlan, ExperimentPlan, ImageDataPlan } from '../spec/plan.js';
import { pathOfSource } from '../spec/sources.js';
import { linesOf } from './blocks.js';
import { resolveCheckpoint } from './checkpoint-source.js';
import { readIdxImages } from './idx.js';
import { fillTemplate, parseRecords } from './template.js';

/** Something that a run would stumble over, or that is probably not meant. */
export interface Finding {
  /** the setting */
  readonly path: Path;
  /** one sentence that names the file and what to do */
  readonly message: string;
  /** what kind of error it would be; absent: a warning */
  readonly kind?: ErrorKind;
}

const SPLITS = ['train', 'valid', 'test'] as const;
/** Larger texts are looked at by their size alone. */
const LARGE = 128 * 2 ** 20;
/** A tokenizer can put so many tokens, at most, beside those that stand for bytes of a line: what begins it, a space, its end. */
const TOKENS_BESIDE_BYTES = 6;

export async function lookAtSources(plan: AnyExperimentPlan): Promise<Finding[]> {
  if (plan.kind === 'simulation') return plan.data === undefined ? [] : lookAtTexts({ ...plan.data, block: 1 });
  const data = plan.data.kind === 'images' ? await lookAtImages(plan.data) : await lookAtTexts(plan.data);
  return [...data, ...(await lookAtCheckpoints(plan))];
}

/** Runs a look; what it throws is a finding. */
export async function attempt<T>(path: Path, look: () => Promise<T> | T, findings: Finding[]): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!isHabsburgError(error)) throw error;
    findings.push({ path, message: error.message, kind: error.kind });
    return undefined;
  }
}

/** What is looked at of texts; chains have a training text alone. */
type Texts = Pick<DataPlan, 'train' | 'block' | 'template'> & Partial<Pick<DataPlan, 'valid' | 'test'>>;

async function lookAtTexts(data: Texts): Promise<Finding[]> {
  const findings: Finding[] = [];
  const digests = new Map<string, string>();
  for (const split of SPLITS) {
    const source = data[split];
    if (!source?.startsWith('file:')) continue;
    const path = ['data', split];
    const digest = await attempt(path, () => lookAtText(pathOfSource(source), data), findings);
    if (digest === undefined) continue;
    const same = digests.get(digest);
    if (same === undefined) digests.set(digest, split);
    else findings.push({ path, message: `${pathOfSource(source)}: the same text as data.${same}; scores on it would not be of text that is new to the models` }); // prettier-ignore
  }
  return findings;
}

/** @returns the text's digest, or that of its size where it is large */
async function lookAtText(path: string, data: Texts): Promise<string> {
  const size = await stat(path).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0, // reading says what is wrong
  );
  if (size > LARGE) return `${path}: ${size}`;
  const { text, bytes } = await readTextFile(path, { pipes: false });
  if (data.template) lookAtRecords(text, path, data);
  else lookAtLines(text, path, data.block);
  return sha256(bytes);
}

function lookAtRecords(text: string, path: string, data: Texts): void {
  const records = parseRecords(text, path);
  for (const record of records) fillTemplate(data.template!, record).answer();
  if (records.length === 0) throw tooShort(path, 'has no records');
}

/** Every token stands for at least one byte, so a text cannot have more tokens than that. */
function lookAtLines(text: string, path: string, block: number): void {
  let most = 0;
  for (const line of linesOf(text)) most += Buffer.byteLength(line) + TOKENS_BESIDE_BYTES;
  if (most < block) throw tooShort(path, `has at most ${most} tokens, not one block of ${block} (data.block); give more text or smaller blocks`); // prettier-ignore
}

function tooShort(path: string, what: string): HabsburgError {
  return new HabsburgError('invalid', `${path} ${what}`);
}

async function lookAtImages(data: ImageDataPlan): Promise<Finding[]> {
  const findings: Finding[] = [];
  let train: Images | undefined;
  for (const split of SPLITS) {
    const source = data[split];
    if (source === undefined) continue;
    const path = ['data', split];
    const images = await attempt(path, () => readIdxImages(pathOfSource(source)), findings);
    if (split === 'train') train = images;
    else if (images && train && (images.height !== train.height || images.width !== train.width))
      findings.push({
        path,
        message: `${pathOfSource(source)} has images of ${images.height} x ${images.width} pixels, data.train of ${train.height} x ${train.width}; give all splits images of one size`,
        kind: 'invalid',
      });
    if (split !== 'train' && source === data.train)
      findings.push({
        path,
        message: `${pathOfSource(source)}: the same images as data.train; leave it out, and a share of them is held out`,
      });
  }
  return findings;
}

/** A base checkpoint that lies here, and the first setting that names it. */
export interface LocalBase {
  readonly source: string;
  readonly path: Path;
}

export function localBases(plan: ExperimentPlan): LocalBase[] {
  const members = [
    ...plan.population.map((member, i) => ({ member, path: ['population', i, 'base'] })),
    ...plan.conditions.flatMap(({ members }, i) => members.map((member) => ({ member, path: ['conditions', i, 'override', member.name, 'base'] }))), // prettier-ignore
  ];
  const bases = new Map<string, LocalBase>();
  for (const { member, path } of members) {
    if (!('base' in member) || member.base.kind !== 'checkpoint') continue;
    const { source } = member.base;
    if (source.startsWith('file:') && !bases.has(source)) bases.set(source, { source, path });
  }
  return [...bases.values()];
}

async function lookAtCheckpoints(plan: ExperimentPlan): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { source, path } of localBases(plan)) await attempt(path, () => resolveCheckpoint(source), findings);
  return findings;
}
