/** Writing: for every new token the whole sequence is read again, and the next one chosen. */
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import { CounterRng } from '../../common/philox.js';
import { endTokensOf } from '../../data/template.js';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { loadTokenizer } from '../../engine/tokenizer/files.js';
import { isEmpty, readPrompts, recordOf } from '../../kinds/text/host/texts.js';
import type { GenerateJob, JobIo, JobReport } from '../../kinds/host/types.js';
import { RECORDS_FILE, readRecords, writeRecords, type DataRecord } from '../../pool/records.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import { softmax } from './layers.js';
import { ReferenceModel } from './model.js';

type Decoding = LanguageModelPlan['decoding'];

export async function generate(job: GenerateJob<LanguageModelPlan>, io: JobIo): Promise<JobReport> {
  const model = new ReferenceModel(await loadCheckpoint(job.model));
  const tokenizer = await loadTokenizer(job.model);
  const endTokens = endTokensOf(model.config.json);
  const rng = new CounterRng(job.rng);
  const prompts = await readPrompts(job);
  prompts.forEach(({ row }, i) => checkPrompt(model, row, i, job.decoding));
  const candidates = job.decoding.numReturnSequences ?? 1;
  const count = (job.count ?? prompts.length) * candidates;
  const written: DataRecord[] = [];
  if (job.resume) for await (const record of readRecords(join(job.resume, RECORDS_FILE))) written.push(record);
  while (written.length < count) {
    const index = written.length;
    const prompt = prompts[Math.floor(index / candidates) % prompts.length];
    const row = continuation(model, prompt.row, job.decoding, endTokens, (token) => rng.uniform(index, token));
    written.push(recordOf(index, prompt, row, job.origin, { tokenizer, endTokens, candidates }));
    io.progress({ phase: 'write', unit: 'record', done: written.length, total: count });
    if (io.checkpointDue() && written.length < count)
      await io.checkpoint(async (folder) => void (await writeRecords(join(folder, RECORDS_FILE), written)));
  }
  // where nothing was written there is no record
  const kept = written.filter((record) => !isEmpty(record, job));
  await writeRecords(join(job.out, RECORDS_FILE), kept);
  const tokens = kept.reduce((sum, record) => sum + record.tokens.length, 0);
  return { records: kept.length, tokens, empty: count - kept.length };
}

/**
 * The new tokens of a prompt, an end token included.
 * @param draw uniform in [0, 1), for the new token of a number from 0
 */
export function continuation(
  model: Pick<ReferenceModel, 'logits'>,
  prompt: Int32Array,
  decoding: Decoding,
  endTokens: readonly number[],
  draw: (token: number) => number,
): Int32Array {
  const sequence = Array.from(prompt);
  while (sequence.length - prompt.length < decoding.maxNewTokens) {
    const token = sequence.length - prompt.length;
    const { data, columns } = model.logits(sequence);
    const scores = data.slice(data.length - columns);
    if (token < decoding.minNewTokens) for (const end of endTokens) scores[end] = -Infinity;
    const next = decoding.strategy === 'greedy' ? highest(scores) : drawn(scores, decoding, draw(token));
    sequence.push(next);
    if (endTokens.includes(next)) break;
  }
  return Int32Array.from(sequence.slice(prompt.length));
}

/** Of equal scores the first. */
function highest(scores: Float64Array): number {
  return scores.reduce((best, score, id) => (score > scores[best] ? id : best), 0);
}

/** The first id whose cumulative probability exceeds u, after temperature, top-k and top-p, as transformers has them. */
function drawn(scores: Float64Array, { temperature = 1, topK = 0, topP = 1 }: Decoding, u: number): number {
  let left = scores.map((score) => score / temperature);
  if (topK > 0) {
    const least = Array.from(left).sort((a, b) => b - a)[Math.min(topK, left.length) - 1];
    left = left.map((score) => (score < least ? -Infinity : score));
  }
  if (topP < 1) {
    const probabilities = softmax(left);
    const rising = Array.from(left.keys()).sort((a, b) => left[a] - left[b] || a - b);
    let cumulative = 0;
    for (const id of rising.slice(0, -1)) {
      cumulative += probabilities[id];
      if (cumulative > 1 - topP) break;
      left[id] = -Infinity;
    }
  }
  const probabilities = softmax(left);
  let cumulative = 0;
  const found = probabilities.findIndex((probability) => (cumulative += probability) > u);
  // rounding can leave the sum a hair below 1
  return found >= 0 ? found : probabilities.findLastIndex((probability) => probability > 0);
}

function checkPrompt(model: ReferenceModel, prompt: Int32Array, i: number, { maxNewTokens }: Decoding): void {
  if (prompt.length === 0) throw new HabsburgError('invalid', `prompt ${i} is empty; a prompt needs at least one token`);
  model.checkRows([prompt]);
  // the last new token is written, never read: it needs no position
  if (prompt.length + maxNewTokens - 1 > model.config.maxPositions)
    throw new HabsburgError(
      'invalid',
      `prompt ${i} of ${prompt.length} tokens and ${maxNewTokens} new ones exceed the model's ${model.config.maxPositions} positions; shorten it or ask for fewer`,
    );
}
