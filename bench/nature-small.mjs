#!/usr/bin/env node
// One generation of the preset nature-small, as the loop does it, beside the same in PyTorch where a Python with torch is given:
//   node bench/nature-small.mjs [--python PATH] [--pairs 3] [--blocks 3000] [--threads 2]
// Three epochs over the blocks with validation, 5 beams on each block, then the scores of 1,000 test blocks and of what was written.
// Weights and blocks are random; the work depends on their shapes only. The engine's three jobs are timed with their set-up, each
// side is a process of its own, and the two take turns. Needs a build (npm run build).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CounterRng } from '../dist/common/philox.js';
import { ENGINE_ENVIRONMENT } from '../dist/engine/environment.js';
import { generateRows } from '../dist/engine/generate/index.js';
import { fit, initialWeights, loadCheckpoint, parseConfig, saveCheckpoint, scoreRows } from '../dist/engine/index.js';
import { DECODING_DEFAULTS } from '../dist/engine/generate/decoding.js';

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    pairs: { type: 'string', default: '3' },
    blocks: { type: 'string', default: '3000' },
    threads: { type: 'string', default: '2' },
    child: { type: 'string' },
  },
});
const self = fileURLToPath(import.meta.url);
const BLOCK = 64;
const VOCABULARY = 4096;

if (flags.child === undefined) await compare();
else console.log(JSON.stringify(await generation(JSON.parse(flags.child))));

async function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'habsburg-bench-'));
  try {
    const config = parseConfig(
      {
        model_type: 'opt', architectures: ['OPTForCausalLM'], vocab_size: VOCABULARY, hidden_size: 128, num_hidden_layers: 4,
        num_attention_heads: 4, ffn_dim: 512, max_position_embeddings: 128, word_embed_proj_dim: 128, do_layer_norm_before: true,
        activation_function: 'relu', dropout: 0, init_std: 0.02, bos_token_id: 2, eos_token_id: 2, pad_token_id: 1,
      },
      'config.json',
    ); // prettier-ignore
    const rng = new CounterRng({ seed: 1, generation: 0, member: 'bench', step: 'generation' });
    await saveCheckpoint(folder, { config, weights: initialWeights(config, rng.derive('weights')) });
    const job = { folder, blocks: Number(flags.blocks), threads: Number(flags.threads) };
    const sizes = { train: job.blocks, valid: 500, test: 1000 };
    const data = Object.fromEntries(
      Object.entries(sizes).map(([name, rows]) => {
        const draw = rng.derive(name);
        return [
          name,
          Array.from({ length: rows }, (_, b) => Array.from({ length: BLOCK }, (_, t) => 3 + draw.integer(VOCABULARY - 3, t, b))),
        ];
      }),
    );
    writeFileSync(join(folder, 'blocks.json'), JSON.stringify(data));
    const pairs = [];
    for (let pair = 1; pair <= Number(flags.pairs); pair++) {
      const ours = measure(process.execPath, [self, '--child', JSON.stringify(job)]);
      const theirs = flags.python && measure(flags.python, [join(self, '..', 'nature_small_torch.py'), JSON.stringify(job)]);
      console.log(`pair ${pair}: engine ${words(ours)}${theirs ? ` | PyTorch ${words(theirs)}` : ''}`);
      if (theirs) pairs.push([ours, theirs]);
    }
    if (pairs.length === 0) return;
    for (const part of ['train', 'write', 'score', 'total'])
      console.log(
        `${part.padEnd(6)} PyTorch / engine, median of pairs: ${median(pairs.map(([a, b]) => b[part] / a[part])).toFixed(2)}`,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(command, args) {
  // PyTorch's best settings: its large activations stay with the process between steps.
  const env = {
    ...process.env,
    MALLOC_MMAP_THRESHOLD_: '2000000000',
    MALLOC_TRIM_THRESHOLD_: '8000000000',
    MALLOC_TOP_PAD_: '67108864',
  };
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: command === process.execPath ? { ...process.env, ...ENGINE_ENVIRONMENT } : env,
  });
  if (status !== 0) throw new Error(`${command} exited ${status}: ${stderr}`);
  const times = JSON.parse(stdout.trim().split('\n').at(-1));
  return { ...times, total: times.train + times.write + times.score };
}

function words({ train, write, score, total, cpu, peakMiB }) {
  return `${total.toFixed(1)} s (train ${train.toFixed(1)}, write ${write.toFixed(1)}, score ${score.toFixed(1)}; ${cpu.toFixed(0)} s of CPU, ${peakMiB.toFixed(0)} MiB)`;
}

function median(xs) {
  const sorted = [...xs].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Seconds of each part. */
async function generation({ folder, threads }) {
  const { readFileSync } = await import('node:fs');
  const data = JSON.parse(readFileSync(join(folder, 'blocks.json'), 'utf8'));
  const [train, valid, test] = [data.train, data.valid, data.test].map((rows) => rows.map((row) => Int32Array.from(row)));
  const rng = new CounterRng({ seed: 1, generation: 1, member: 'bench', step: 'generation' });
  const base = await loadCheckpoint(folder);
  const model = await loadCheckpoint(folder);
  const cpuBegan = process.cpuUsage();
  const timed = async (work) => {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };
  const settings = {
    epochs: 3, batch: 32, accumulation: 1, learningRate: 3e-4, schedule: 'linear', warmup: 0.05, weightDecay: 0.01, betas: [0.9, 0.999],
    epsilon: 1e-8, clip: 1, dropout: 0, select: 'best', minLearningRate: 0, scheduleUnit: 'step',
  }; // prettier-ignore
  const trainSeconds = await timed(() => fit({ model, train, valid, settings, rng, threads }));
  const written = [];
  const write = await timed(() =>
    generateRows({
      model,
      prompts: train,
      settings: { ...DECODING_DEFAULTS, strategy: 'beam', beams: 5, batch: 64, maxNewTokens: BLOCK, minNewTokens: BLOCK },
      eosTokenId: [2],
      rng,
      threads,
      onBatch: async (_, rows) => void written.push(...rows),
    }),
  );
  const score = await timed(async () => {
    await scoreRows({ model, rows: test, threads });
    await scoreRows({ model: base, rows: written, threads });
  });
  const cpu = process.cpuUsage(cpuBegan);
  return {
    train: trainSeconds,
    write,
    score,
    cpu: (cpu.user + cpu.system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
}
