// What the device contract looks at, computed by the compiled engine on one device: node measure.mjs DEVICE, JSON on stdout.
// A process of its own, since a device's drivers are found when a process starts.
import { readFileSync } from 'node:fs';
import { makeBatch, loadCheckpoint } from '../../../dist/engine/index.js';
import { Graph } from '../../../dist/engine/graph/graph.js';
import { hiddenStates, outputLogits, sequenceInputs } from '../../../dist/engine/models/forward.js';
import { weightInputs, weightFeeds } from '../../../dist/engine/models/weights.js';
import { residentFeeds } from '../../../dist/engine/resident.js';
import { scoreRows } from '../../../dist/engine/score.js';
import { Session } from '../../../dist/engine/session.js';
import { Trainer } from '../../../dist/engine/train/trainer.js';
import { generateRows } from '../../../dist/engine/generate/index.js';
import { CounterRng } from '../../../dist/common/philox.js';
import { DECODING_DEFAULTS } from '../../../dist/engine/generate/decoding.js';

const [device, ...names] = process.argv.slice(2);
const results = {};
for (const name of names) {
  const dir = new URL(`../../golden/lm/${name}`, import.meta.url).pathname;
  const golden = JSON.parse(readFileSync(`${dir}/golden.json`, 'utf8'));
  const cut = (batch, field) =>
    batch[field].map((row, b) => Int32Array.from(row.filter((_, t) => batch.attention_mask[b][t] === 1)));
  const [first] = golden.batches;
  const model = await loadCheckpoint(dir);
  const { config } = model;

  const batch = makeBatch(cut(first, 'input_ids'));
  const graph = new Graph();
  const parameters = weightInputs(graph, config);
  graph.output('logits', outputLogits(graph, config, parameters, hiddenStates(graph, config, parameters, sequenceInputs(graph, 'B', batch.time)))); // prettier-ignore
  const session = await Session.create(graph, { threads: 2, device });
  const weights = await residentFeeds(weightFeeds(model.weights), device);
  const runs = [];
  for (let i = 0; i < 2; i++) runs.push(await session.run({ ...weights.feeds, ids: batch.ids, positions: batch.positions }, ['logits'])); // prettier-ignore
  await session.release();
  await weights.release();

  const scores = await scoreRows({ model, rows: cut(first, 'input_ids'), labels: cut(first, 'labels'), threads: 2, device });

  const tokens = [];
  const prompts = golden.prompts.input_ids.map((row, b) => Int32Array.from(row.filter((_, t) => golden.prompts.attention_mask[b][t] === 1))); // prettier-ignore
  await generateRows({
    model,
    prompts,
    settings: { ...DECODING_DEFAULTS, strategy: 'greedy', maxNewTokens: 24, minNewTokens: 24, batch: 3 },
    rng: new CounterRng({ seed: 0, generation: 0, member: 'm', step: 'generate' }),
    threads: 2,
    device,
    onBatch: async (_, rows) => void tokens.push(...rows.map((row) => Array.from(row))),
  });

  const { betas, eps, weight_decay, max_grad_norm, lr } = golden.adamw;
  const trainer = new Trainer(model, { betas, epsilon: eps, weightDecay: weight_decay, clip: max_grad_norm, threads: 2, longest: 17, device }); // prettier-ignore
  const steps = [];
  let gradients;
  for (let i = 0; i < 3; i++) {
    const rows = golden.batches[i % 2];
    const { nllSum, targetCount, gradientNorm } = await trainer.step([cut(rows, 'input_ids')], lr, [cut(rows, 'labels')]);
    steps.push({ loss: nllSum / targetCount, norm: gradientNorm });
    gradients ??= Object.fromEntries([...trainer.optimizer.gradients].map(([key, { data }]) => [key, Array.from(data)]));
  }
  await trainer.release();
  results[name] = { logits: runs.map(({ logits }) => Array.from(logits.data)), scores, tokens, steps, gradients };
}
process.stdout.write(JSON.stringify(results));
