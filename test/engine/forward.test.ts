/** Logits of whole sequences against transformers 5.17 (test/golden/lm). */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { makeBatch } from '../../engine/batch.js';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';
import { Graph } from '../../engine/graph/graph.js';
import { hiddenStates, outputLogits, sequenceInputs } from '../../engine/models/forward.js';
import { weightFeeds, weightInputs } from '../../engine/models/weights.js';
import { Session } from '../../engine/session.js';
import { relativeError } from '../support/numbers.js';

interface Golden {
  readonly batches: readonly { readonly input_ids: number[][]; readonly attention_mask: number[][] }[];
}

describe.each(['opt-pre-ln', 'opt-post-ln-proj'])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test('logits equal the reference within 1e-5', async () => {
    const { config, weights } = await loadCheckpoint(dir);
    const golden = JSON.parse(await readFile(`${dir}/golden.json`, 'utf8')) as Golden;
    const [{ input_ids: ids, attention_mask: mask }] = golden.batches;
    const rows = ids.map((row, b) => Int32Array.from(row.filter((_, t) => mask[b][t] === 1)));
    const batch = makeBatch(rows);

    const graph = new Graph();
    const parameters = weightInputs(graph, config);
    const hidden = hiddenStates(graph, config, parameters, sequenceInputs(graph, 'B', batch.time));
    graph.output('logits', outputLogits(graph, config, parameters, hidden));
    const session = await Session.create(graph, { threads: 2 });
    const { logits } = await session.run({ ...weightFeeds(weights), ids: batch.ids, positions: batch.positions }, ['logits']);
    await session.release();

    const expected = (await readSafetensors(`${dir}/logits.safetensors`)).get('logits')!;
    const vocabulary = config.vocabularySize;
    const valid = (_: number, i: number): boolean => mask.flat()[Math.floor(i / vocabulary)] === 1;
    expect(relativeError((logits.data as Float32Array).filter(valid), expected.data.filter(valid))).toBeLessThan(1e-5);
  });
});
