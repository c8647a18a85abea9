/** `habsburg lm` as a user calls it: output, refusals and exit codes. */
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { main } from '../../cli/main.js';
import { saveTokenizer } from '../../engine/tokenizer/files.js';
import { trainBpe } from '../../engine/tokenizer/train-bpe.js';
import { countWords } from '../../engine/tokenizer/word-counts.js';

const MODEL = 'test/golden/lm/opt-pre-ln';
let folder: string;
let tokens: string;

async function habsburg(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
  try {
    return { code: await main(args), out, err };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}
const lm = (...args: string[]) => habsburg('lm', ...args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-lm-'));
  tokens = join(folder, 'tokens.json');
  await writeFile(tokens, '[[5, 6, 7], [8, 9], [10]]');
  await cp(MODEL, join(folder, 'model'), { recursive: true });
  const lines = (await readFile('test/golden/tokenizer/corpus.txt', 'utf8')).split('\n');
  await saveTokenizer(join(folder, 'model'), trainBpe(countWords(lines), 300), {
    bos: '</s>',
    eos: '</s>',
    pad: '<pad>',
    maxLength: 128,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('habsburg lm', () => {
  test('perplexity of token rows agrees with transformers', async () => {
    const golden = JSON.parse(await readFile(`${MODEL}/golden.json`, 'utf8')) as {
      batches: { input_ids: number[][]; attention_mask: number[][] }[];
      batch0: { nll_sum_per_row: number[] };
    };
    const { input_ids, attention_mask } = golden.batches[0];
    await writeFile(
      join(folder, 'batch.json'),
      JSON.stringify(input_ids.map((row, b) => row.filter((_, t) => attention_mask[b][t] === 1))),
    );
    const { code, out } = await lm('perplexity', '--model', MODEL, '--tokens', join(folder, 'batch.json'), '--json');
    expect(code).toBe(0);
    const { schema, rows, total } = JSON.parse(out) as { schema: string; rows: Row[]; total: Row };
    expect(schema).toBe('habsburg.lm-perplexity/v1');
    // Row 0 of the golden batch has ignored labels, which a tokens file cannot say.
    for (const b of [1, 2]) expect(Math.abs(rows[b].nll_sum / golden.batch0.nll_sum_per_row[b] - 1)).toBeLessThan(1e-5);
    expect(total.token_count).toBe(16 + 16 + 11);
    expect(total.nll_sum).toBeCloseTo(rows[0].nll_sum + rows[1].nll_sum + rows[2].nll_sum, 9);
    expect(total.perplexity).toBeCloseTo(Math.exp(total.nll_sum / total.token_count), 9);
  });
  test('a file where a folder is meant, and the other way round, is named', async () => {
    const refused = async (message: RegExp, ...args: string[]): Promise<void> => {
      const { code, err } = await lm(...args);
      expect([code, err]).toEqual([2, expect.stringMatching(message)]);
    };
    await refused(/model\.safetensors is a file; a model is given as the folder/, 'perplexity', '--model', `${MODEL}/model.safetensors`, '--tokens', tokens); // prettier-ignore
    await refused(/this is a folder; name a file in it/, 'perplexity', '--model', MODEL, '--tokens', folder);
    await refused(/something else lies there already/, 'convert', '--model', MODEL, '--out', tokens);
    await refused(
      /a part of this path is a file, where a folder is needed/,
      'perplexity',
      '--model',
      MODEL,
      '--tokens',
      join(tokens, 'x'),
    );
    const adapter = `${MODEL}/lora-initial/adapter_model.safetensors`;
    await refused(/adapter_model\.safetensors is a file; an adapter is given as its folder/, 'perplexity', '--model', MODEL, '--tokens', tokens, '--adapter', adapter); // prettier-ignore
  });
  interface Row {
    nll_sum: number;
    token_count: number;
    perplexity: number | null;
  }

  test('perplexity of a text in blocks, the last one shorter; a row of one token predicts nothing', async () => {
    const text = join(folder, 'text.txt');
    await writeFile(text, 'low lower lowest\n'.repeat(5));
    const model = join(folder, 'model');
    const { out } = await lm('perplexity', '--model', model, '--text', text, '--block', '8', '--json');
    const { rows } = JSON.parse(out) as { rows: Row[] };
    expect(rows.slice(0, -1).every((row) => row.token_count === 7)).toBe(true);
    expect(rows[rows.length - 1].token_count).toBeLessThanOrEqual(7);
    const human = await lm('perplexity', '--model', model, '--tokens', tokens);
    expect(human.out).toMatch(/^perplexity \d+(\.\d+)? \(3 rows, 3 predicted tokens, [\d.]+ nats\)\n$/);
    const json = JSON.parse((await lm('perplexity', '--model', model, '--tokens', tokens, '--json')).out) as { rows: Row[] };
    expect(json.rows[2]).toEqual({ nll_sum: 0, token_count: 0, perplexity: null });
  });

  test('generate continues token rows by each strategy; the same seed gives the same tokens', async () => {
    const run = async (...flags: string[]): Promise<{ new_tokens: number[]; text?: string }[]> => {
      const { code, out, err } = await lm(
        'generate',
        '--model',
        MODEL,
        '--tokens',
        tokens,
        '--max-new-tokens',
        '6',
        '--min-new-tokens',
        '6',
        '--json',
        ...flags,
      );
      expect(err).toBe('');
      expect(code).toBe(0);
      return (JSON.parse(out) as { rows: { new_tokens: number[] }[] }).rows;
    };
    const greedy = await run();
    expect(greedy.map((row) => row.new_tokens.length)).toEqual([6, 6, 6]);
    expect('text' in greedy[0]).toBe(false);
    expect(await run('--num-beams', '3', '--length-penalty', '0.5')).toHaveLength(3);
    const sampled = await run('--seed', '7');
    expect(await run('--seed', '7', '--batch', '1', '--threads', '1')).toEqual(sampled);
    expect(await run('--seed', '8')).not.toEqual(sampled);
    expect(await run('--top-k', '1')).toEqual(greedy);
  });

  test('every deterministic option reaches the decoder: the tokens of transformers', async () => {
    const { prompts, generate } = JSON.parse(await readFile(`${MODEL}/golden.json`, 'utf8')) as {
      prompts: { input_ids: number[][]; attention_mask: number[][] };
      generate: Record<string, { settings: Record<string, number>; new_tokens: number[][] }>;
    };
    const file = join(folder, 'prompts.json');
    await writeFile(
      file,
      JSON.stringify(prompts.input_ids.map((row, b) => row.filter((_, t) => prompts.attention_mask[b][t] === 1))),
    );
    for (const mode of ['beam5_repetition_penalty_2', 'greedy_no_repeat_ngram_3', 'prompt_lookup_10_row0']) {
      const flags = Object.entries(generate[mode].settings)
        .filter(([name]) => !['do_sample', 'pad_token_id'].includes(name))
        .flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, String(value)]);
      const { out } = await lm('generate', '--model', MODEL, '--tokens', file, ...flags, '--json');
      const rows = (JSON.parse(out) as { rows: { new_tokens: number[] }[] }).rows.map((row) => row.new_tokens);
      const expected = generate[mode].new_tokens;
      expect({ mode, rows: rows.slice(0, expected.length) }).toEqual({ mode, rows: expected });
    }
  });

  test('beam sampling, stop strings and early stopping from the command line', async () => {
    const run = async (...flags: string[]): Promise<string[]> => {
      const { out } = await lm(
        'generate',
        '--model',
        join(folder, 'model'),
        '--prompt',
        'low',
        '--max-new-tokens',
        '12',
        '--json',
        ...flags,
      );
      return (JSON.parse(out) as { rows: { text: string }[] }).rows.map(({ text }) => text);
    };
    const drawn = await run('--num-beams', '3', '--do-sample', '--min-p', '0.01', '--typical-p', '0.95');
    expect(await run('--num-beams', '3', '--seed', '0', '--min-p', '0.01', '--typical-p', '0.95')).toEqual(drawn);
    expect(await run('--num-beams', '3', '--seed', '1', '--min-p', '0.01', '--typical-p', '0.95')).not.toEqual(drawn);
    const [text] = await run();
    const stop = text.slice(4, 6);
    const [stopped] = await run('--stop-strings', stop, 'never to be seen');
    expect(text.startsWith(stopped)).toBe(true);
    expect(stopped).toContain(stop);
    expect(stopped.length).toBeLessThan(text.length);
    for (const when of ['true', 'false', 'never'])
      expect(await run('--num-beams', '2', '--early-stopping', when, '--eos-token-id', '7')).toHaveLength(1);
  });

  test('generate continues text, and prints text', async () => {
    const prompts = join(folder, 'prompts.jsonl');
    await writeFile(prompts, '{"text": "The ledger"}\n\n{"text": "low"}\n');
    const model = join(folder, 'model');
    const json = JSON.parse(
      (await lm('generate', '--model', model, '--prompts', prompts, '--max-new-tokens', '4', '--json')).out,
    ) as { schema: string; rows: { text: string }[] };
    expect([json.schema, json.rows.length]).toEqual(['habsburg.lm-generate/v1', 2]);
    const human = await lm('generate', '--model', model, '--prompt', 'low', '--max-new-tokens', '4');
    expect(human.out).toBe(`${json.rows[1].text}\n`);
  });

  test("the model's own end tokens apply unless others are named", async () => {
    const lengths = async (...flags: string[]): Promise<number[]> => {
      const { out } = await lm('generate', '--model', MODEL, '--tokens', tokens, '--max-new-tokens', '20', '--json', ...flags);
      return (JSON.parse(out) as { rows: { new_tokens: number[] }[] }).rows.map((row) => row.new_tokens.length);
    };
    const { out } = await lm('generate', '--model', MODEL, '--tokens', tokens, '--max-new-tokens', '20', '--json');
    const third = (JSON.parse(out) as { rows: { new_tokens: number[] }[] }).rows[0].new_tokens[2];
    expect((await lengths('--eos-token-id', `${third},2`))[0]).toBeLessThanOrEqual(3);
    expect((await lengths())[0]).toBe(20);
  });

  test.each([
    [
      ['generate', '--num-beams', '3', '--prompt-lookup-num-tokens', '7'],
      /--prompt-lookup-num-tokens and --num-beams exclude each other/,
    ],
    [['generate', '--length-penalty', '2'], /--length-penalty concerns beams; give --num-beams too/],
    [['generate', '--early-stopping', 'true'], /--early-stopping concerns beams; give --num-beams too/],
    [['generate', '--early-stopping', 'soon', '--num-beams', '2'], /Unknown value "soon"; one of: true, false, never\./],
    [['generate', '--max-matching-ngram-size', '3'], /give --prompt-lookup-num-tokens too/],
    [['generate', '--stop-strings', 'x'], /stop strings need a tokenizer beside the model/],
    [['generate', '--min-new-tokens', '9'], /--min-new-tokens 9 is more than --max-new-tokens 8/],
    [['generate', '--prompt', 'x'], /give only one of --prompt, --prompts, --tokens, --records, not --prompt and --tokens/],
    [['generate', '--penalty-alpha', '2'], /unknown option '--penalty-alpha'/],
    [['generate', '--top-p', '1.5'], /Must be at most 1, but is 1\.5\./],
    [['generate', '--eos-token-id', '2,x'], /Give a whole number of at least 0/],
    [['perplexity', '--block', '8'], /--text and --block belong together/],
  ])('%j is refused with exit code 2', async ([command, ...flags], message) => {
    const needed = command === 'generate' ? ['--max-new-tokens', '8'] : [];
    const { code, err } = await lm(command, '--model', MODEL, '--tokens', tokens, ...needed, ...flags);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  test('what is missing is 4, what is damaged 3, what is malformed 2', async () => {
    const generate = (model: string, file: string) => lm('generate', '--model', model, '--tokens', file, '--max-new-tokens', '2');
    expect((await generate(join(folder, 'absent'), tokens)).code).toBe(4);
    expect((await generate(MODEL, join(folder, 'absent.json'))).code).toBe(4);
    expect((await lm('generate', '--model', MODEL, '--prompt', 'text', '--max-new-tokens', '2')).code).toBe(4);
    const cut = join(folder, 'cut');
    await cp(MODEL, cut, { recursive: true });
    await truncate(join(cut, 'model.safetensors'), 1000);
    const damaged = await generate(cut, tokens);
    expect(damaged.code).toBe(3);
    expect(damaged.err).toMatch(/model\.safetensors/);
    for (const [name, content] of Object.entries({
      'a.json': '{',
      'b.json': '{"a": 1}',
      'c.json': '[[1, 2.5]]',
      'd.json': '[7]',
    })) {
      await writeFile(join(folder, name), content);
      const { code, err } = await generate(MODEL, join(folder, name));
      expect(code).toBe(2);
      expect(err).toContain(name);
    }
  });
});
