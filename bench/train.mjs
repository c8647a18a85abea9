/**
 * Training steps (forward, backward, clipping, AdamW) of the engine beside PyTorch: interleaved pairs in processes of their own,
 * medians and peak memory. usage: node bench/train.mjs [--python PATH] [--shape opt-125m|nature-small] [--pairs N] [--steps N] [--threads N]
 * [--lora RANK] [--base fp32|fp16|8bit|4bit] [--recompute]; LoRA is on q_proj and v_proj, its base mapped from a file; PyTorch's stays float32.
 * --keep has PyTorch's allocator keep freed memory, which costs it memory and saves it time. Needs dist/ (npm run build). Without --python only the engine is timed.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { ENGINE_ENVIRONMENT } from '../dist/engine/environment.js';

const SHAPES = {
  'opt-125m': { vocabulary: 50272, hidden: 768, layers: 12, heads: 12, ffn: 3072, positions: 2048, rows: 8, time: 64 },
  'nature-small': { vocabulary: 4096, hidden: 128, layers: 4, heads: 4, ffn: 512, positions: 128, rows: 32, time: 64 },
};

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    shape: { type: 'string', default: 'opt-125m' },
    pairs: { type: 'string', default: '3' },
    steps: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    lora: { type: 'string' },
    base: { type: 'string', default: 'fp32' },
    recompute: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    side: { type: 'string' },
  },
});

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

async function ours(settings) {
  const { parseConfig } = await import('../dist/engine/models/index.js');
  const { initialWeights } = await import('../dist/engine/models/initial.js');
  const { Trainer } = await import('../dist/engine/train/trainer.js');
  const { CounterRng } = await import('../dist/common/philox.js');
  const { initialLora } = await import('../dist/engine/adapters/lora.js');
  const { loadCheckpoint, saveCheckpoint } = await import('../dist/engine/index.js');
  const { quantizeCheckpoint } = await import('../dist/engine/checkpoint/quantize.js');
  const { vocabulary, hidden, layers, heads, ffn, positions, rows, time, steps, threads } = settings;
  const json = {
    model_type: 'opt',
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    ffn_dim: ffn,
    max_position_embeddings: positions,
    word_embed_proj_dim: hidden,
  };
  const config = parseConfig(json, 'bench');
  const rng = new CounterRng({ seed: 1, generation: 0, member: 'bench', step: 'train' });
  const fresh = () => ({ config, weights: initialWeights(config, rng) });
  if (settings.prepare) {
    const whole = join(settings.folder, 'fp32');
    mkdirSync(whole);
    await saveCheckpoint(whole, fresh());
    if (settings.base !== 'fp32') {
      mkdirSync(join(settings.folder, settings.base));
      await quantizeCheckpoint(whole, join(settings.folder, settings.base), settings.base);
    }
    return {};
  }
  const plan = { rank: settings.lora, alpha: settings.lora, dropout: 0, targets: ['q_proj', 'v_proj'] };
  // The start values are not kept here, as a training does not keep them.
  const trainer = new Trainer(settings.lora === undefined ? fresh() : await loadCheckpoint(settings.folder, { frozen: true }), {
    betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, clip: 1, threads, longest: time, recompute: settings.recompute,
    ...(settings.lora !== undefined && { adapter: initialLora(config, plan, rng) }),
  }); // prettier-ignore
  const ms = [];
  for (let step = 0; step <= steps; step++) {
    const batch = Array.from({ length: rows }, (_, b) =>
      Int32Array.from({ length: time }, (_, t) => 3 + rng.integer(vocabulary - 3, t, step * rows + b)),
    );
    const started = performance.now();
    await trainer.step([batch], 1e-4);
    ms.push(performance.now() - started);
  }
  return { ms: ms.slice(1), peakMiB: process.resourceUsage().maxRSS / 1024 };
}

// The engine as its worker starts it; PyTorch as it is, or with activations that stay in the process between steps (--keep).
const KEEP = { MALLOC_MMAP_THRESHOLD_: '2000000000', MALLOC_TRIM_THRESHOLD_: '8000000000', MALLOC_TOP_PAD_: '67108864' };
const environment = (file) => ({
  ...process.env,
  ...(file === process.execPath ? ENGINE_ENVIRONMENT : values.keep ? KEEP : {}),
});

const settings = {
  ...SHAPES[values.shape],
  steps: Number(values.steps),
  threads: Number(values.threads),
  lora: values.lora && Number(values.lora),
  base: values.base,
  recompute: values.recompute,
};
if (values.side !== undefined) {
  console.log(JSON.stringify(await ours({ ...settings, ...JSON.parse(values.side) })));
} else {
  const here = fileURLToPath(import.meta.url);
  const run = (file, args) =>
    JSON.parse(
      execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: environment(file) })
        .trim()
        .split('\n')
        .at(-1),
    );
  const root = mkdtempSync(join(tmpdir(), 'habsburg-bench-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  const engine = (side) => run(process.execPath, [here, '--side', JSON.stringify(side), ...process.argv.slice(2)]);
  if (settings.lora !== undefined) engine({ prepare: true, folder: root });
  const torch = () => run(values.python, [fileURLToPath(new URL('train_torch.py', import.meta.url)), JSON.stringify(settings)]);
  const speed = [];
  const memory = [];
  for (let pair = 1; pair <= Number(values.pairs); pair++) {
    const a = engine({ folder: join(root, values.base) });
    const line = [
      `pair ${pair}: engine ${median(a.ms).toFixed(0)} ms (min ${Math.min(...a.ms).toFixed(0)}), ${a.peakMiB.toFixed(0)} MiB`,
    ];
    if (values.python !== undefined) {
      const b = torch();
      speed.push(median(b.ms) / median(a.ms));
      memory.push(a.peakMiB / b.peakMiB);
      line.push(`PyTorch ${median(b.ms).toFixed(0)} ms (min ${Math.min(...b.ms).toFixed(0)}), ${b.peakMiB.toFixed(0)} MiB`);
    }
    console.log(line.join(' | '));
  }
  if (speed.length > 0)
    console.log(`median of pairs: ${median(speed).toFixed(2)}x PyTorch's speed, ${median(memory).toFixed(2)}x its peak memory`);
}
