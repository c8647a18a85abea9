/**
 * A look at a plan's local sources before anything starts: whether they are there, are what they are taken for, are long enough and
 * differ from each other. Each is read once, piece by piece; nothing is tokenised, and nothing of the Hub is asked for.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError, type ErrorKind } from '../common/errors.js';
import type { Images } from '../common/images.js';
import { placeOfData } from '../spec/data-place.js';
import { placedDetectors } from '../spec/detector-places.js';
import { dataKind, type DataKind } from '../spec/members.js';
import { sourcesOf, termsOf } from '../spec/mixture.js';
import { stagesOf } from '../spec/phases.js';
import { placedSources, type PlacedSource } from '../spec/mixture-places.js';
import { valueAt, type Path } from '../spec/problems.js';
import type { ImageDataPlan } from '../kinds/images/plan.js';
import type { TextDataPlan } from '../kinds/text/plan.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { encodersOf, pathOfSource, type SourceDigests } from '../spec/sources.js';
import { linesOf } from './blocks.js';
import { measureFile } from '../artifacts/verified.js';
import { resolveCheckpoint, resolveEncoder } from './checkpoint-source.js';
import { readIdxImages } from './idx.js';
import { fillTemplate, readFieldRecords } from './template.js';
import { isParquet } from './parquet.js';
import { fileChunks, linesOfPieces, textFile, textPieces } from './text.js';

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
/** So many characters of records are tried with their template. */
const TRIED = 128 * 2 ** 20;
/** A tokenizer can put so many tokens, at most, beside those that stand for bytes of a line: what begins it, a space, its end. */
const TOKENS_BESIDE_BYTES = 6;

export interface Look {
  readonly findings: Finding[];
  /** of the texts that were read, by source, so that nobody need read them again to know them */
  readonly digests: SourceDigests;
}

/** @param document what the file says: findings stand where it names a source */
export async function lookAtSources(plan: ExperimentPlan, document: unknown = {}): Promise<Look> {
  const { text, images, chains } = plan.data;
  const [texts, pictures] = [placeOfData(document, 'text'), placeOfData(document, 'images')];
  const looks: Look[] = [];
  if (text) {
    const data = await lookAtTexts(text, texts);
    looks.push(data, await lookAtTerms(termsRead('text', plan, document), text, data.digests, document));
    for (const [i, { data: own }] of plan.conditions.entries())
      if (own) looks.push(await lookAtTexts(own, ['conditions', i, 'data'], digestsOf(looks)));
  } else if (chains) looks.push(await lookAtTexts({ ...chains, block: 1 }, texts));
  if (images) looks.push({ findings: await lookAtImages(images, pictures, termsRead('images', plan, document)), digests: {} });
  return {
    digests: digestsOf(looks),
    findings: [
      ...looks.flatMap(({ findings }) => findings),
      ...(await lookAtCheckpoints(plan)),
      ...(await lookAtEncoders(plan, document)),
      ...(await lookAtDetectors(document)),
    ],
  };
}

const digestsOf = (looks: readonly Look[]): SourceDigests => Object.assign({}, ...looks.map(({ digests }) => digests)) as SourceDigests; // prettier-ignore

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
type Texts = Pick<TextDataPlan, 'train' | 'block' | 'template' | 'heldOut'> & Partial<Pick<TextDataPlan, 'valid' | 'test'>>;

/** @param known texts that were looked at before */
async function lookAtTexts(data: Texts, at: Path, known: SourceDigests = {}): Promise<Look> {
  const findings: Finding[] = [];
  const digests: Record<string, Digest> = {};
  const splits = new Map<Digest, string>();
  for (const split of SPLITS) {
    const source = data[split];
    const part = split !== 'train' && data.heldOut?.[split] !== undefined; // of a text that is looked at as a whole
    if (part || !source?.startsWith('file:')) continue;
    const path = [...at, split];
    const note = (message: string): void => void findings.push({ path, message });
    const digest = known[source] ?? (await attempt(path, () => lookAtText(pathOfSource(source), data, note), findings))?.digest;
    if (digest === undefined) continue;
    digests[source] = digest;
    const same = splits.get(digest);
    if (same === undefined) splits.set(digest, split);
    else note(`${pathOfSource(source)}: the same text as data.${same}; scores on it would not be of text that is new to the models`); // prettier-ignore
  }
  return { findings, digests };
}

/** Terms of the file that name sources from which members of a kind learn. */
function termsRead(kind: DataKind, { conditions }: ExperimentPlan, document: unknown): PlacedSource[] {
  const members = conditions.flatMap((condition) => stagesOf(condition).flatMap((stage) => stage.members));
  const read = new Set(
    members.filter((member) => dataKind(member) === kind).flatMap(({ mixture }) => termsOf(mixture).flatMap(sourcesOf)),
  );
  return placedSources(document).filter(({ source }) => read.has(source));
}

/** Other real texts that terms read, each once. @param known texts of the data; they may be read by terms as well */
async function lookAtTerms(
  terms: readonly PlacedSource[],
  data: TextDataPlan,
  known: SourceDigests,
  document: unknown,
): Promise<Look> {
  const findings: Finding[] = [];
  const digests: Record<string, Digest> = {};
  const seen = new Set(Object.keys(known));
  for (const { source, path } of terms) {
    const note = (message: string): void => void findings.push({ path, message });
    if (source === data.test) note(`${pathOfSource(source)} is data.test, too; scores on it would not be of text that is new to the models`); // prettier-ignore
    if (!source.startsWith('file:') || seen.has(source)) continue;
    seen.add(source);
    // a count of a list of sources is of all of them together
    const counts = terms
      .filter((one) => one.source === source && one.path.at(-1) === 'from')
      .map((one): [Path, number] => [[...one.path.slice(0, -1), 'take'], Number(valueAt(document, [...one.path.slice(0, -1), 'take', 'count']) ?? 0)]); // prettier-ignore
    const most = Math.max(1, ...counts.map(([, count]) => count));
    const found = await attempt(path, () => lookAtText(pathOfSource(source), data, note, most), findings);
    if (found === undefined) continue;
    digests[source] = found.digest;
    for (const [at, count] of counts.filter(([, count]) => count > found.records))
      findings.push({ path: at, message: `asks for ${count} records of ${pathOfSource(source)}, which has ${found.records} at most; lower the count, or give more text`, kind: 'invalid' }); // prettier-ignore
  }
  return { findings, digests };
}

/**
 * @param enough no more records need be counted
 * @returns the digest of the file, and how many records it has at most; `enough` or more where there may be more
 */
async function lookAtText(
  path: string,
  data: Texts,
  note: (message: string) => void,
  enough = 1,
): Promise<{ digest: Digest; records: number }> {
  const look = (pieces: AsyncIterable<string>) =>
    data.template ? lookAtRecords(pieces, path, data, note) : lookAtLines(pieces, path, data.block, enough);
  if (isParquet(path)) {
    const { digest } = await measureFile(path);
    const records = await look(textPieces({ kind: 'parquet', files: [path], records: data.template !== undefined }));
    return { digest, records };
  }
  const hash = createHash('sha256');
  const records = await look(decoded(fileChunks(await textFile(path), { onBytes: (raw) => hash.update(raw) })));
  return { digest: `sha256:${hash.digest('hex')}`, records };
}

async function* decoded(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  for await (const bytes of chunks) yield bytes.toString('utf8');
}

async function lookAtRecords(
  pieces: AsyncIterable<string>,
  path: string,
  data: Texts,
  note: (message: string) => void,
): Promise<number> {
  let left = TRIED;
  async function* beginning(): AsyncGenerator<string, void, undefined> {
    for await (const piece of pieces) {
      if (left <= 0) continue; // is read, for its encoding and its digest
      left -= piece.length;
      yield left > 0 ? piece : piece.slice(0, piece.lastIndexOf('\n') + 1);
    }
  }
  let records = 0;
  for await (const record of readFieldRecords(linesOfPieces(beginning()), path)) {
    fillTemplate(data.template!, record).answer();
    records++;
  }
  if (records === 0) throw tooShort(path, 'has no records');
  if (left <= 0) note(`${path}: its first ${records} records fit the template; the others are tried when the run prepares them`);
  return left <= 0 ? Infinity : records;
}

/** Every token stands for at least one byte, so a text cannot have more tokens than that. */
async function lookAtLines(pieces: AsyncIterable<string>, path: string, block: number, enough: number): Promise<number> {
  let most = 0;
  for await (const piece of pieces)
    if (most < block * enough) for (const line of linesOf(piece)) most += Buffer.byteLength(line) + TOKENS_BESIDE_BYTES;
  if (most < block) throw tooShort(path, `has at most ${most} tokens, not one block of ${block} (data.block); give more text or smaller blocks`); // prettier-ignore
  return Math.floor(most / block);
}

function tooShort(path: string, what: string): HabsburgError {
  return new HabsburgError('invalid', `${path} ${what}`);
}

async function lookAtImages(data: ImageDataPlan, at: Path, terms: readonly PlacedSource[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  let train: Images | undefined;
  const same = (images: Images | undefined, source: string, path: Path, what: string): void => {
    if (images && train && (images.height !== train.height || images.width !== train.width))
      findings.push({
        path,
        message: `${pathOfSource(source)} has images of ${images.height} x ${images.width} pixels, data.train of ${train.height} x ${train.width}; give ${what} images of one size`,
        kind: 'invalid',
      });
  };
  for (const split of SPLITS) {
    const source = data[split];
    if (source === undefined) continue;
    const path = [...at, split];
    const images = await attempt(path, () => readIdxImages(pathOfSource(source)), findings);
    if (split === 'train') train = images;
    else same(images, source, path, 'all splits');
    if (split !== 'train' && source === data.train)
      findings.push({
        path,
        message: `${pathOfSource(source)}: the same images as data.train; leave it out, and a share of them is held out`,
      });
  }
  const seen = new Set<string>();
  for (const { source, path } of terms) {
    if (source === data.test)
      findings.push({ path, message: `${pathOfSource(source)} is data.test, too; scores on it would not be of images that are new to the models` }); // prettier-ignore
    if (seen.has(source)) continue;
    seen.add(source);
    same(await attempt(path, () => readIdxImages(pathOfSource(source)), findings), source, path, 'the term');
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

async function lookAtEncoders({ metrics }: ExperimentPlan, document: unknown): Promise<Finding[]> {
  const findings: Finding[] = [];
  const common = valueAt(document, ['encoder']);
  const asked = valueAt(document, ['metrics']);
  for (const source of encodersOf(metrics).filter((one) => one.startsWith('file:'))) {
    const i = Array.isArray(asked) ? asked.findIndex((_, at) => valueAt(document, ['metrics', at, 'settings', 'encoder']) === source) : -1; // prettier-ignore
    await attempt(
      source === common || i < 0 ? ['encoder'] : ['metrics', i, 'settings', 'encoder'],
      () => resolveEncoder(source),
      findings,
    );
  }
  return findings;
}

/** Also whether it has the label: what it says would be needed only once generation 0 has been trained. */
async function lookAtDetectors(document: unknown): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { source, label, path } of placedDetectors(document).filter((one) => one.source.startsWith('file:'))) {
    const look = async (): Promise<string | undefined> => {
      const file = join((await resolveEncoder(source)).folder, 'config.json');
      const { id2label } = JSON.parse(await readFile(file, 'utf8')) as { readonly id2label?: Readonly<Record<string, unknown>> };
      if (id2label === undefined || Object.entries(id2label).some(([i, name]) => name === label || i === String(label))) return;
      const known = Object.entries(id2label).map(([i, name]) => `${JSON.stringify(name)} (${i})`);
      return `${file} has no label ${JSON.stringify(label)}; it has ${known.join(', ')}`;
    };
    const message = await attempt(path, look, findings);
    if (message !== undefined) findings.push({ path: [...path.slice(0, -1), 'label'], message, kind: 'invalid' });
  }
  return findings;
}
