/** Logits of whole sequences against transformers 5.17 (test/golden/lm). */
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';
import { Graph } from '../../engine/graph/graph.js';
import { hiddenStates, outputLogits, sequenceInputs } from '../../engine/models/forward.js';
import { weightFeeds, weightInputs } from '../../engine/models/weights.js';
import { Session } from '../../engine/session.js';
import { goldenBatch, OPT_MODELS, OTHER_MODELS, readGolden } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';

describe.each([...OPT_MODELS, ...OTHER_MODELS])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test('logits equal the reference within 1e-5', async () => {
    const { config, weights } = await loadCheckpoint(dir);
    const [golden] = (await readGolden(dir)).batches;
    const mask = golden.attention_mask;
    const batch = goldenBatch(golden);

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
