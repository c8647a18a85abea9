/**
 * A model or a dataset as a repository of the Hugging Face Hub has it: its files, and README.md, the card, with what the Hub reads in front
 * (https://huggingface.co/docs/hub/model-cards, …/datasets-cards) and how it was made behind.
 */
import { stringify } from 'yaml';
import { HabsburgError } from '../common/errors.js';
import { filesUnder } from './files.js';
import { uriOf } from './identifiers.js';
import { hubOf } from './licences.js';
import type { ExportContext, ExportFormat, Source, Subject } from './types.js';
import { refWords, stepWords } from '../lineage/words.js';
import { descriptionOf, licencesOf, metricWords, slugOf, sourceWords, titleOf, writersOf } from './words.js';

const CARD = 'README.md';

export const huggingFace: ExportFormat = {
  name: 'hugging-face',
  title: 'a repository of the Hugging Face Hub, with its card',
  of: ['model', 'dataset'],
  async files(subject, context) {
    if (subject.artifact.files.some(({ path }) => path === CARD))
      throw new HabsburgError('invalid', `the ${refWords(subject.artifact)} has a ${CARD} already; it cannot have a card`);
    const front = subject.artifact.kind === 'model' ? await ofModel(subject, context) : ofDataset(subject);
    const card = `---\n${stringify(front, { lineWidth: 0 })}---\n\n${body(subject)}`;
    return [...filesUnder('', subject.artifact), { path: CARD, bytes: Buffer.from(card) }];
  },
};

async function ofModel(subject: Subject, { store }: ExportContext): Promise<object> {
  const { sources, scores, artifact } = subject;
  const bases = sources.filter(isModel).flatMap(onHub);
  const data = sources.filter((source) => !isModel(source)).flatMap(onHub);
  const config = artifact.files.find(({ path }) => path === 'config.json');
  const { architectures } = config
    ? (JSON.parse((await store.readFile(artifact.digest, config.path)).toString('utf8')) as { architectures?: unknown })
    : {};
  const writes = Array.isArray(architectures) && architectures.some((one) => String(one).endsWith('ForCausalLM'));
  return {
    ...licence(subject),
    ...(Array.isArray(architectures) && { library_name: 'transformers' }),
    ...(writes && { pipeline_tag: 'text-generation' }),
    ...(bases.length > 0 && { base_model: oneOr(bases), base_model_relation: 'finetune' }),
    ...(data.length > 0 && { datasets: data }),
    tags: tagsOf(subject),
    ...(scores.length > 0 && { 'model-index': [{ name: slugOf(subject), results: [results(subject)] }] }),
  };
}

/** What was measured belongs to the experiment's own test data, so that is what the data are called. */
function results({ scores, places: [place] }: Subject): object {
  return {
    task: { type: 'text-generation' },
    dataset: { type: `habsburg/${place.experiment}`, name: `test data of ${place.experiment}`, revision: place.plan },
    metrics: scores.map(({ metric, variant, version, value, n, settings }) => ({
      type: metric,
      name: metricWords({ metric, variant, version }),
      value,
      args: { n, ...settings },
    })),
  };
}

function ofDataset(subject: Subject): object {
  const { sources, manifest, firstRecord } = subject;
  const data = sources.filter((source) => !isModel(source)).flatMap(onHub);
  const { records } = manifest.facts;
  return {
    pretty_name: titleOf(subject),
    ...licence(subject),
    language_creators: [
      ...(writersOf(subject).length > 0 ? ['machine-generated'] : []),
      ...(sources.length > 0 ? ['found'] : []),
    ],
    ...(typeof records === 'number' && { size_categories: [sizeCategory(records)] }),
    ...(data.length > 0 && { source_datasets: data.map((name) => `extended|${name}`) }),
    ...(firstRecord && 'text' in firstRecord && { task_categories: ['text-generation'] }),
    tags: tagsOf(subject),
    configs: [{ config_name: 'default', data_files: 'records.jsonl' }],
  };
}

/** As sources claim; the Hub's own names where all have one, else all of the words. */
function licence(subject: Subject): object {
  const claims = licencesOf(subject);
  if (claims.length === 0) return { license: 'unknown' };
  const known = claims.map(hubOf);
  if (known.every((one) => one !== undefined)) return { license: oneOr(known) };
  return { license: 'other', license_name: claims.join(' and ').toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-') }; // prettier-ignore
}

const oneOr = <T>(all: readonly T[]): T | readonly T[] => (all.length === 1 ? all[0] : all);

const tagsOf = (subject: Subject): string[] => ['habsburg', ...(writersOf(subject).length > 0 ? ['synthetic-data'] : [])];

/** A source that is a model: what training went on from, or what somebody measured with. */
const isModel = ({ artifact }: Source): boolean =>
  artifact.files.some(({ path }) => /(^|\/)config\.json$|\.(safetensors|gguf)$/.test(path));

/** Of a source that was read from the Hub the repository. */
const onHub = ({ uris }: Source): string[] => [
  ...new Set(uris.flatMap((uri) => /^hf:\/\/([\w.-]+\/[\w.-]+)/.exec(uri)?.[1] ?? [])),
]; // prettier-ignore

/** The Hub's classes. */
function sizeCategory(n: number): string {
  const bounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];
  const words = ['1K', '10K', '100K', '1M', '10M', '100M', '1B', '10B', '100B', '1T'];
  const at = bounds.findIndex((bound) => n < bound);
  return at < 0 ? 'n>1T' : at === 0 ? 'n<1K' : `${words[at - 1]}<n<${words[at]}`;
}

/** Names and claims are whoever's: no tag of theirs, and no line of their own. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ');
/** In a cell of a table a bar would end it. */
const cell = (text: string): string => plain(text).replaceAll('|', '\\|');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[][]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');

function body(subject: Subject): string {
  const { sources, steps, scores, artifact } = subject;
  const parts = [
    `# ${plain(titleOf(subject))}`,
    plain(descriptionOf(subject)),
    `Artifact \`${artifact.digest}\` (${uriOf(artifact.digest)}).`,
  ];
  if (sources.length > 0) {
    const rows = sources.map((source) => [
      sourceWords(source),
      source.licences.join(', ') || 'none claimed',
      source.origins.join(', ') || 'not claimed',
      source.uris.join(', '),
      `\`${source.artifact.digest}\``,
    ]);
    parts.push(
      '## Sources',
      'As claimed by whoever ran the experiment.',
      table(['source', 'licence', 'origin', 'where', 'artifact'], rows),
    );
  }
  if (steps.length > 0)
    parts.push(
      '## How it was made',
      table(
        ['step', 'ended', 'statement'],
        steps.map((step) => [stepWords(step), step.invocation.finishedOn, `\`${step.statement}\``]),
      ),
      'Each statement is a signed in-toto statement of the store that this was exported from: `habsburg lineage verify` checks them.',
    );
  if (scores.length > 0)
    parts.push(
      '## What was measured',
      table(
        ['metric', 'value', 'n'],
        scores.map((score) => [metricWords(score), String(score.value), String(score.n)]),
      ),
    );
  return `${parts.join('\n\n')}\n`;
}
