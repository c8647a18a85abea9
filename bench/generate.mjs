#!/usr/bin/env node
// Generation speed and memory, side by side with transformers.generate where a Python with torch is given:
//   node bench/generate.mjs [--python PATH] [--shapes opt-125m,nature-small] [--modes greedy,beam5] [--pairs 3] [--threads 2]
//     [--prompts N] [--batch N]
// Each measurement is a process of its own; the two engines take turns. Needs a build (npm run build). Random weights serve.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CounterRng } from '../dist/common/philox.js';
import { ENGINE_ENVIRONMENT } from '../dist/engine/environment.js';
import { DECODING_DEFAULTS } from '../dist/engine/generate/decoding.js';
import { generateRows } from '../dist/engine/generate/index.js';
import { initialWeights, loadCheckpoint, parseConfig, saveCheckpoint } from '../dist/engine/index.js';

const SHAPES = {
  'opt-125m': { hidden: 768, layers: 12, heads: 12, ffn: 3072, vocabulary: 50272, positions: 2048, prompts: 64, batch: 32 },
  'nature-small': { hidden: 128, layers: 4, heads: 4, ffn: 512, vocabulary: 4096, positions: 128, prompts: 256, batch: 64 },
};
const LENGTH = 64;
const NEW_TOKENS = 64;

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    shapes: { type: 'string', default: Object.keys(SHAPES).join() },
    modes: { type: 'string', default: 'greedy,beam5' },
    pairs: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string' },
    prompts: { type: 'string' },
    child: { type: 'string' },
  },
});
const self = fileURLToPath(import.meta.url);

if (flags.child !== undefined) await child(JSON.parse(flags.child));
else await compare();

async function compare() {
  const root = mkdtempSync(join(tmpdir(), 'habsburg-bench-'));
  try {
    for (const name of flags.shapes.split(',')) {
      const folder = join(root, name);
      const { prompts, batch } = await prepare(folder, {
        ...SHAPES[name],
        ...(flags.prompts && { prompts: Number(flags.prompts) }),
      });
      for (const mode of flags.modes.split(',')) {
        const beams = mode === 'greedy' ? 1 : Number(mode.slice('beam'.length));
        const job = { folder, beams, batch: Number(flags.batch ?? batch), threads: Number(flags.threads) };
        const ours = [];
        const theirs = [];
        for (let pair = 0; pair < Number(flags.pairs); pair++) {
          ours.push(measure(process.execPath, [self, '--child', JSON.stringify(job)]));
          if (flags.python) theirs.push(measure(flags.python, [join(self, '..', 'generate_torch.py'), JSON.stringify(job)]));
        }
        console.log(
          `${name} ${mode}: ${prompts} prompts of ${LENGTH} + ${NEW_TOKENS} tokens, batches of ${job.batch}, ${job.threads} threads`,
        );
        report('habsburg', ours, prompts);
        if (theirs.length === 0) continue;
        report('transformers', theirs, prompts);
        const ratios = ours.map(({ seconds }, i) => theirs[i].seconds / seconds);
        const equal = ours[0].rows.filter((row, i) => row.join() === theirs[0].rows[i].join()).length;
        const warm = ours.map(({ laterSeconds }, i) => theirs[i].laterSeconds / laterSeconds);
        if (prompts > job.batch)
          console.log(
            `  speed ratio of all batches but the first: ${median(warm).toFixed(2)} (${warm.map((r) => r.toFixed(2)).join(', ')})`,
          );
        console.log(
          `  speed ratio, median of pairs: ${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(', ')}); ${equal} of ${prompts} rows equal`,
        );
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function prepare(folder, shape) {
  const { mkdir } = await import('node:fs/promises');
  await mkdir(folder);
  const json = {
    model_type: 'opt', architectures: ['OPTForCausalLM'], vocab_size: shape.vocabulary, hidden_size: shape.hidden,
    num_hidden_layers: shape.layers, num_attention_heads: shape.heads, ffn_dim: shape.ffn, max_position_embeddings: shape.positions,
    word_embed_proj_dim: shape.hidden, do_layer_norm_before: true, activation_function: 'relu', dropout: 0, init_std: 0.02,
    tie_word_embeddings: true, bos_token_id: 2, eos_token_id: 2, pad_token_id: 1,
  }; // prettier-ignore
  const config = parseConfig(json, 'config.json');
  const rng = new CounterRng({ seed: 1, generation: 0, member: 'bench', step: 'generate' });
  await saveCheckpoint(folder, { config, weights: initialWeights(config, rng.derive('weights')) });
  const draw = rng.derive('prompts');
  const prompts = Array.from({ length: shape.prompts }, (_, b) =>
    Array.from({ length: LENGTH }, (_, t) => 4 + draw.integer(shape.vocabulary - 4, t, b)),
  );
  writeFileSync(join(folder, 'prompts.json'), JSON.stringify(prompts));
  return { prompts: shape.prompts, batch: shape.batch };
}

function measure(command, args) {
  // The engine as its worker starts it.
  const env = command === process.execPath ? { ...process.env, ...ENGINE_ENVIRONMENT } : process.env;
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, env });
  if (status !== 0) throw new Error(`${command} exited ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

function report(name, results, prompts) {
  const rate = (prompts * NEW_TOKENS) / median(results.map(({ seconds }) => seconds));
  const cpu = median(results.map(({ cpuSeconds }) => cpuSeconds));
  const peak = median(results.map(({ peakMiB }) => peakMiB));
  console.log(
    `  ${name.padEnd(12)} ${rate.toFixed(0).padStart(6)} tokens/s  ${cpu.toFixed(1)} s of CPU  peak ${peak.toFixed(0)} MiB`,
  );
}

function median(xs) {
  const sorted = [...xs].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Session set-up counts as part of the time; loading the checkpoint does not, here and there. */
async function child({ folder, beams, batch, threads }) {
  const model = await loadCheckpoint(folder, { frozen: true }); // as `habsburg lm generate` does
  const prompts = JSON.parse(readFileSync(join(folder, 'prompts.json'), 'utf8')).map((row) => Int32Array.from(row));
  const rows = [];
  let firstDone;
  const cpuBegan = process.cpuUsage();
  const began = performance.now();
  await generateRows({
    model,
    prompts,
    settings: {
      ...DECODING_DEFAULTS,
      strategy: beams > 1 ? 'beam' : 'greedy',
      beams,
      batch,
      maxNewTokens: NEW_TOKENS,
      minNewTokens: NEW_TOKENS,
    },
    eosTokenId: [2],
    rng: new CounterRng({ seed: 1, generation: 0, member: 'bench', step: 'generate' }),
    threads,
    onBatch: async (_, batchRows) => {
      rows.push(...batchRows.map((row) => Array.from(row)));
      firstDone ??= performance.now();
    },
  });
  const seconds = (performance.now() - began) / 1000;
  const laterSeconds = (performance.now() - firstDone) / 1000;
  const cpu = process.cpuUsage(cpuBegan);
  console.log(
    JSON.stringify({
      seconds,
      laterSeconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      peakMiB: process.resourceUsage().maxRSS / 1024,
      rows,
    }),
  );
}
