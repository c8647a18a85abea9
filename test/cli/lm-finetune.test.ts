/** `habsburg lm finetune` and `convert` as a user calls them, and --adapter. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { main } from '../../cli/main.js';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';

const LLAMA = 'test/golden/lm/llama-gqa';
const GGUF = 'test/golden/gguf/llama.gguf';
let folder: string;
let tokens: string;

async function lm(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
  try {
    return { code: await main(['lm', ...args]), out, err };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

async function nll(model: string, ...flags: string[]): Promise<number> {
  const { out } = await lm('perplexity', '--model', model, '--tokens', tokens, '--json', ...flags);
  return (JSON.parse(out) as { total: { nll_sum: number } }).total.nll_sum;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'finetune-'));
  tokens = join(folder, 'tokens.json');
  // Three rows of 24 tokens a pass: with fewer rows than a matrix has columns onnxruntime's rounding depends on threads.
  const row = (i: number): number[] => Array.from({ length: 24 }, (_, t) => 7 + ((t * 11 + (t % 3) * i) % 120));
  await writeFile(tokens, JSON.stringify(Array.from({ length: 6 }, (_, i) => row(i))));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('finetune', () => {
  const train = (out: string, ...flags: string[]) =>
    lm(
      'finetune',
      '--model',
      LLAMA,
      '--tokens',
      tokens,
      '--learning-rate',
      '0.01',
      '--batch',
      '3',
      '--out',
      join(folder, out),
      ...flags,
    );

  test('a LoRA adapter lowers the loss, applies as it merges, and leaves the base alone', async () => {
    const result = await train('adapter', '--lora-r', '2', '--lora-alpha', '4', '--lora-dropout', '0.1', '--json');
    expect(result.code).toBe(0);
    const report = JSON.parse(result.out) as Record<string, unknown>;
    expect(report.schema).toBe('habsburg.lm-finetune/v1');
    expect(report).toMatchObject({ steps: 6, selected_epoch: 3, parameters: 129344 });
    expect(report.trained_parameters).toBe(2 * (2 * (64 + 64) + 2 * (64 + 32))); // two layers, q_proj and v_proj
    const adapter = join(folder, 'adapter');
    expect((await readdir(adapter)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(JSON.parse(await readFile(join(adapter, 'adapter_config.json'), 'utf8'))).toMatchObject({
      r: 2,
      lora_alpha: 4,
      lora_dropout: 0.1,
      target_modules: ['q_proj', 'v_proj'],
      base_model_name_or_path: LLAMA,
    });
    const [before, after] = [await nll(LLAMA), await nll(LLAMA, '--adapter', adapter)];
    expect(after).toBeLessThan(0.98 * before);
    expect((await lm('convert', '--model', LLAMA, '--merge', adapter, '--out', join(folder, 'merged'))).code).toBe(0);
    expect(await nll(join(folder, 'merged'))).toBe(after);
    const merged = await readSafetensors(join(folder, 'merged', 'model.safetensors'));
    const original = await readSafetensors(`${LLAMA}/model.safetensors`);
    const changed = [...original].filter(
      ([name, { data }]) => !Buffer.from(data.buffer).equals(Buffer.from(merged.get(name)!.data.buffer)),
    );
    expect(changed.map(([name]) => name.split('.')[4]).sort()).toEqual(['q_proj', 'q_proj', 'v_proj', 'v_proj']);
    const generated = async (...flags: string[]): Promise<unknown> =>
      JSON.parse((await lm('generate', '--tokens', tokens, '--max-new-tokens', '5', '--json', ...flags)).out);
    expect(await generated('--model', LLAMA, '--adapter', adapter)).toEqual(await generated('--model', join(folder, 'merged')));
  });

  test('a base quantised while loading, or before, is the same base; its adapter merges into an ordinary folder', async () => {
    const eight = join(folder, 'eight');
    expect((await lm('convert', '--model', LLAMA, '--quantize', '8bit', '--out', eight)).code).toBe(0);
    const flags = ['--lora-r', '2', '--lora-alpha', '4', '--gradient-checkpointing'];
    expect((await train('q-loading', ...flags, '--quantize', '8bit')).err).toBe('');
    await train('q-before', ...flags, '--model', eight);
    const bytes = (out: string): Promise<Buffer> => readFile(join(folder, out, 'adapter_model.safetensors'));
    expect((await bytes('q-loading')).equals(await bytes('q-before'))).toBe(true);
    const beside = await nll(eight, '--adapter', join(folder, 'q-before'));
    expect(await nll(LLAMA, '--quantize', '8bit', '--adapter', join(folder, 'q-before'))).toBe(beside);
    expect(beside).toBeLessThan(0.99 * (await nll(eight)));
    const merged = join(folder, 'q-merged');
    expect((await lm('convert', '--model', eight, '--merge', join(folder, 'q-before'), '--out', merged)).code).toBe(0);
    expect(Math.abs((await nll(merged)) / beside - 1)).toBeLessThan(1e-5);
    const both = await lm('convert', '--model', LLAMA, '--quantize', '8bit', '--merge', join(folder, 'q-before'), '--out', join(folder, 'no')); // prettier-ignore
    expect(both.err).toMatch(/give only one of --merge and --quantize/);
  });

  test('the same seed gives the same bytes, by either name of a flag', async () => {
    await train('a', '--seed', '4', '--accumulation', '2', '--epochs', '1', '--threads', '1');
    await train('b', '--seed', '4', '--gradient-accumulation-steps', '2', '--num-train-epochs', '1', '--threads', '2');
    const bytes = (out: string): Promise<Buffer> => readFile(join(folder, out, 'model.safetensors'));
    expect((await bytes('a')).equals(await bytes('b'))).toBe(true);
    await train('c', '--seed', '5', '--accumulation', '2', '--epochs', '1');
    expect((await bytes('a')).equals(await bytes('c'))).toBe(false);
  });

  test('a text in blocks, with validation; the tokenizer goes along', async () => {
    const text = join(folder, 'text.txt');
    await writeFile(text, 'the other letters, he the 12 there\n'.repeat(20));
    const out = join(folder, 'text-model');
    const flags = ['--text', text, '--validation-text', text, '--block', '16', '--load-best-model-at-end', '--epochs', '2', '--learning-rate', '0.01']; // prettier-ignore
    const result = await lm('finetune', '--model', GGUF, '--out', out, ...flags);
    expect(result.err).toBe('');
    expect(result.out).toMatch(
      /^epoch 1: loss [\d.]+, validation loss [\d.]+\nepoch 2: .*\nwrote model .*\(\d+ steps, \d+ trained parameters\)\n$/,
    );
    // a GGUF file has no generation_config.json: whoever reads the folder takes config.json's ids
    expect((await readdir(out)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']);
    const score = async (model: string): Promise<number> =>
      (JSON.parse((await lm('perplexity', '--model', model, '--text', text, '--block', '16', '--json')).out) as { total: { perplexity: number } }).total.perplexity; // prettier-ignore
    expect(await score(out)).toBeLessThan(0.5 * (await score(GGUF)));
  });

  describe('on records', () => {
    const records = (): string => join(folder, 'records.jsonl');
    const template = (): string => join(folder, 'template.txt');
    beforeAll(async () => {
      const make = (i: number) => JSON.stringify({ question: `the ${i} other`, output: ['12', 'he', 'letters'][i % 3] });
      await writeFile(records(), `${Array.from({ length: 9 }, (_, i) => make(i)).join('\n')}\n`);
      await writeFile(template(), 'there {question}:{output}\n');
    });
    const tune = (out: string, ...flags: string[]) =>
      lm('finetune', '--model', GGUF, '--records', records(), '--template', template(), '--epochs', '4', '--learning-rate', '0.01', '--batch', '3', '--out', join(folder, out), ...flags); // prettier-ignore
    const score = async (model: string, ...flags: string[]) =>
      JSON.parse((await lm('perplexity', '--model', model, '--records', records(), '--template', template(), '--json', ...flags)).out) as { rows: { token_count: number }[]; total: { perplexity: number } }; // prettier-ignore

    test('the answer is learnt, and generate continues the same prompts', async () => {
      const validation = ['--validation-records', records(), '--load-best-model-at-end', '--patience', '3'];
      const { code, err } = await tune('answers', ...validation);
      expect([code, err]).toEqual([0, '']);
      const [before, after] = [await score(GGUF), await score(join(folder, 'answers'))];
      expect(after.total.perplexity).toBeLessThan(0.2 * before.total.perplexity);
      const all = (await score(GGUF, '--loss-on', 'all')).rows;
      all.forEach(({ token_count }, i) => expect(token_count).toBeGreaterThan(before.rows[i].token_count));
      const { out } = await lm('generate', '--model', join(folder, 'answers'), '--records', records(), '--template', template(), '--max-new-tokens', '3', '--json'); // prettier-ignore
      expect((JSON.parse(out) as { rows: unknown[] }).rows).toHaveLength(9);
    });

    test('packed rows, and both losses, train other models; too long records are told', async () => {
      const bytes = (out: string): Promise<Buffer> => readFile(join(folder, out, 'model.safetensors'));
      await tune('one');
      await tune('two', '--packing', '--max-length', '64');
      await tune('three', '--loss-on', 'all');
      const [one, two, three] = [await bytes('one'), await bytes('two'), await bytes('three')];
      expect([one.equals(two), one.equals(three), two.equals(three)]).toEqual([false, false, false]);
      const short = await tune('short', '--max-length', '2');
      expect([short.code, short.err]).toEqual([2, expect.stringMatching(/all 9 records are longer than 2 tokens; give a larger --max-length/)]); // prettier-ignore
    });
  });

  test("another optimiser, in transformers' words", async () => {
    const losses = async (out: string, args: string): Promise<number[]> => {
      const result = await train(out, '--optim', 'sgd', '--optim-args', args, '--json');
      return (JSON.parse(result.out) as { epochs: { train_loss: number }[] }).epochs.map(({ train_loss }) => train_loss);
    };
    const [plain, quick] = [await losses('sgd', ''), await losses('momentum', 'momentum=0.9, nesterov=True')];
    expect(quick[0]).toBeLessThan(plain[0]); // the second of its two steps goes further
    expect(quick[2]).toBeLessThan(plain[2]);
  });

  test('rows with labels: what is masked changes nothing', async () => {
    const rows = JSON.parse(await readFile(tokens, 'utf8')) as number[][];
    const file = join(folder, 'labelled.json');
    await writeFile(
      file,
      JSON.stringify(rows.map((ids) => ({ input_ids: ids, labels: ids.map((id, t) => (t < 12 ? -100 : id)) }))),
    );
    const { out } = await lm('perplexity', '--model', LLAMA, '--tokens', file, '--json');
    const scored = JSON.parse(out) as { rows: { token_count: number }[] };
    expect(scored.rows.map(({ token_count }) => token_count)).toEqual(rows.map(() => 12));
    const result = await lm('finetune', '--model', LLAMA, '--tokens', file, '--out', join(folder, 'labelled'));
    expect(result.code).toBe(0);
  });

  test.each([
    [['--lora-alpha', '4'], /--lora-alpha concerns LoRA; give --lora-r too/],
    [['--lora-r', '2', '--lora-targets', 'c_attn'], /LoRA target "c_attn" names no linear module of this llama model/],
    [['--quantize', '8bit'], /--quantize freezes the weights; give --lora-r too/],
    [['--quantize', '3bit', '--lora-r', '2'], /Allowed choices are 8bit, 4bit, fp16/],
    [['--block', '8'], /--block-size concerns texts/],
    [
      ['--load-best-model-at-end'],
      /--load-best-model-at-end needs --validation-text, --validation-tokens or --validation-records/,
    ],
    [['--patience', '2'], /--early-stopping-patience needs --validation-text/],
    [['--template', 'alpaca'], /--template concerns records; give --records too/],
    [['--packing'], /--packing concerns records; give --records too/],
    [['--validation-records', 'x.jsonl'], /--records needs --template: alpaca, chatml, summarize, question, story, or a file/],
    [['--text', 'x.txt'], /give only one of --text, --tokens/],
    [['--lr-scheduler-type', 'polynomial'], /give linear, cosine, constant/],
    [['--optim', 'no-such'], /--optim no-such: give adamw, sgd/],
    [['--optim', 'sgd', '--adam-beta1', '0.8'], /--adam-beta1 concerns AdamW; leave it out with --optim sgd/],
    [['--optim', 'sgd', '--optim-args', 'momentun=0.8'], /sgd has no "momentun"; did you mean momentum\?/],
    [['--optim', 'sgd', '--optim-args', 'momentum=2'], /--optim-args momentum=2: share of the last step that goes on; Too big/],
    [['--optim-args', 'momentum=0.8'], /--optim-args concerns other optimisers than AdamW/],
    [['--out', LLAMA], /is not empty; give --out a new folder/],
  ])('%j is refused with exit code 2', async (flags, message) => {
    const { code, err } = await train('refused', ...flags);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

test('convert turns a GGUF file into a folder with the same numbers', async () => {
  const out = join(folder, 'from-gguf');
  expect((await lm('convert', '--model', GGUF, '--out', out)).code).toBe(0);
  expect(await nll(out)).toBe(await nll(GGUF));
});
