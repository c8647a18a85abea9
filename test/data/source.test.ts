import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../common/canonical.js';
import { originOfCheckpoint, resolveCheckpoint, resolveEncoder } from '../../data/checkpoint-source.js';
import { checkpointDigests } from '../../data/identify.js';
import { hubSettings, type HubSettings } from '../../data/hub-settings.js';
import { parquetPieces } from '../../data/parquet.js';
import { resolveSource, type ResolveOptions } from '../../data/source.js';
import { wholeText } from '../../data/text.js';
import { fillTemplate, parseRecords } from '../../data/template.js';
import { TEMPLATES } from '../../kinds/text/templates.js';
import { failure } from '../artifacts/object-store-contract.js';
import { systemPort } from '../../infra/ports.js';
import { startFakeHub, type FakeHub } from './hub-server.js';
import { squadParquet } from './squad.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-data-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const golden = (name: string) => join(process.cwd(), 'test/golden/data', name);
let made = 0;
function file(content: string | Uint8Array): string {
  const path = join(root, `file-${made++}`);
  writeFileSync(path, content);
  return path;
}

/** What a source is resolved to, and its text, of which the digest is said. */
async function readSource(uri: string, options: ResolveOptions) {
  const { place, digest, origin, ...source } = await resolveSource(uri, options);
  const text = await wholeText(place);
  expect(digest).toBe(sha256(text));
  // down to the bytes: each file's digest and size are those of what lies there
  expect(origin.given).toBe(uri);
  for (const { source, ...file } of origin.files) {
    const bytes = 'file' in source! ? readFileSync(source.file) : source!.bytes;
    expect([file.digest, file.size]).toEqual([sha256(bytes), bytes.length]);
  }
  return { text, ...source };
}

async function originOf(uri: string, options: ResolveOptions) {
  const { given: _, files, ...rest } = (await resolveSource(uri, options)).origin;
  return { ...rest, files: files.map(({ path, digest }) => [path, digest]) };
}

async function textIn(parquet: string): Promise<string> {
  let text = '';
  for await (const piece of parquetPieces(parquet)) text += piece;
  return text;
}

describe('file:', () => {
  test('text comes as it is, and is named by the digest of its bytes, not by its path', async () => {
    const content = '\ufeffa\r\n \u2028 é 😀\n';
    const text = 'a\n \u2028 é 😀\n'; // no byte order mark, line ends as Python's text mode reads them
    const path = file(content);
    expect(await readSource(`file:${path}`, { split: 'train' })).toEqual({ text, source: `file:${sha256(content)}` });
    expect((await readSource(`file://${path}`, { split: 'test' })).text).toBe(text);
    expect(await originOf(`file:${path}`, { split: 'train' })).toEqual({
      name: basename(path),
      files: [['text', sha256(content)]],
    });
  });

  test.each([
    ['a stray continuation byte', [0x61, 0x80], 1],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9, 0x0a], 3],
    ['a sequence cut short by the end', [0x61, 0xe2, 0x82], 1],
    ['an overlong slash', [0xc0, 0xaf], 0],
    ['a surrogate', [0x61, 0x62, 0xed, 0xa0, 0x80], 2],
    ['beyond U+10FFFF', [0xf5, 0x80, 0x80, 0x80], 0],
    ['four continuation bytes', [0x61, 0x80, 0x80, 0x80, 0x80], 1],
    ['after 200,000 good bytes', [...Buffer.from('é'.repeat(100_000)), 0xff, 0x61], 200_000],
    ['after a long odd run', [0x61, ...Buffer.from('😀'.repeat(50_000)), 0xc3, 0x28], 200_001],
  ])('invalid UTF-8 is refused with its offset: %s', async (_what, bytes, offset) => {
    const path = file(Uint8Array.from(bytes));
    expect(await failure(readSource(`file:${path}`, { split: 'train' }))).toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(new RegExp(`^${path}: byte ${offset} \\(0x`)),
    });
  });

  test('a missing file, a folder, a relative path and another scheme', async () => {
    expect((await failure(readSource(`file:${root}/none`, { split: 'train' }))).kind).toBe('notFound');
    expect((await failure(readSource(`file:${root}`, { split: 'train' }))).message).toContain(root);
    for (const uri of [
      'file:some.txt',
      'https://example.org/x',
      'grammar:english',
      'hf://a',
      'hf://a/b',
      'hf://a/b@../../x',
      'grammar:zipf',
    ]) {
      expect((await failure(readSource(uri, { split: 'train' }))).kind).toBe('invalid');
    }
  });
});

test('grammar: names its settings and brings its truth', async () => {
  const grammar = { vocabulary: 100, zipf: 1.5, sentences: { train: 10, valid: 5, test: 6 }, seed: 4 };
  const { text, source, truth } = await readSource('grammar:zipf', { split: 'valid', grammar });
  expect(text.match(/\./g)).toHaveLength(5);
  expect(source).toBe('grammar:zipf?vocabulary=100&zipf=1.5&seed=4&sentences=5#valid');
  expect(truth?.words).toHaveLength(100);
});

test('two that ask for one synthetic language at once: the first is cancelled, the second has it', async () => {
  const grammar = { vocabulary: 400, zipf: 1.5, seed: 77, sentences: { train: 500, valid: 5, test: 5 } };
  const stop = new AbortController();
  const first = expect(resolveSource('grammar:zipf', { split: 'train', grammar, signal: stop.signal })).rejects.toThrow('enough');
  const second = resolveSource('grammar:zipf', { split: 'train', grammar });
  stop.abort(new Error('enough'));
  await first;
  expect((await second).truth!.words.length).toBeGreaterThan(100);
});

describe('Parquet written by pyarrow', () => {
  const rows = JSON.parse(readFileSync(golden('rows.json'), 'utf8')) as string[];

  test.each(['snappy', 'zstd', 'gzip'])('%s: rows become lines', async (codec) => {
    expect(await textIn(golden(`rows-${codec}.parquet`))).toBe(
      '\n = Title = \n\n Text with naïve 日本語 😀 .\nno newline\ntwo\nlines\n',
    );
    expect(rows).toHaveLength(6);
  });

  test('no text column, a null and a damaged file are refused', async () => {
    expect(await failure(textIn(golden('no-text.parquet')))).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('sentence'),
    });
    expect(await failure(textIn(golden('null.parquet')))).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('row 1'),
    });
    const whole = readFileSync(golden('rows-snappy.parquet'));
    for (const damaged of [
      whole.subarray(0, whole.length - 20),
      Buffer.from('PAR1'),
      Buffer.alloc(0),
      Buffer.from('no parquet at all'),
    ]) {
      expect((await failure(textIn(file(damaged)))).kind).toBe('verification');
    }
  });
});

const SQUAD = [
  { context: 'A naïve text.', question: 'Of what?', answers: { text: ['a text', 'text'], answer_start: [0, 8] } },
  { context: 'Another\none.', question: 'Which?', answers: { text: ['another'], answer_start: [0] } },
];
/** What records become, with SQuAD's columns in the places of the template's fields. */
const asked = (text: string) =>
  parseRecords(text, 'squad').map((record) => {
    const fields = { input: 'context', instruction: 'question', output: 'answers.text[0]' };
    const { prompt, answer } = fillTemplate({ ...TEMPLATES.question, fields }, record);
    return [prompt.text, answer().text];
  });
const ASKED = SQUAD.map(({ context, question, answers }) => [
  `Answer the question about the following text.\n### Text:\n${context}\n### Question:\n${question}\n### Answer:\n`,
  answers.text[0],
]);

test('a local Parquet file: its column text, or for a template its rows as records; named by its bytes', async () => {
  const path = `${file('')}.parquet`;
  writeFileSync(path, squadParquet(SQUAD));
  const { text, source } = await readSource(`file:${path}`, { split: 'train', records: true });
  expect(text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as unknown)).toEqual(SQUAD); // prettier-ignore
  expect(source).toBe(`file:${sha256(readFileSync(path))}`);
  expect(asked(text)).toEqual(ASKED);
  expect((await failure(readSource(`file:${path}`, { split: 'train' }))).message).toMatch(
    /has no column text; it has context, question, answers\. A data\.template makes texts of other columns$/,
  );
  const lines = `${file('')}.parquet`;
  writeFileSync(lines, readFileSync(golden('rows-zstd.parquet')));
  expect((await readSource(`file:${lines}`, { split: 'train' })).text).toContain(' = Title = \n');
  expect((await failure(readSource(`file:${root}/none.parquet`, { split: 'train' }))).kind).toBe('notFound');
});

describe('hf:', () => {
  const commit = 'b'.repeat(40);
  const snappy = readFileSync(golden('rows-snappy.parquet'));
  const zstd = readFileSync(golden('rows-zstd.parquet'));
  const parquet = (content: Buffer) => ({ content, lfs: true });
  const text = '\n = Title = \n\n Text with naïve 日本語 😀 .\nno newline\ntwo\nlines\n';
  let hub: FakeHub;
  let settings: HubSettings;

  beforeEach(async () => {
    hub = await startFakeHub({
      'datasets/owner/wiki': {
        commit,
        branch: 'main',
        files: {
          'README.md': { content: Buffer.from('# wiki\n') },
          'raw-v1/train-00000-of-00002.parquet': parquet(snappy),
          'raw-v1/train-00001-of-00002.parquet': parquet(zstd),
          'raw-v1/validation-00000-of-00001.parquet': { content: zstd },
          'raw-v1/test-00000-of-00001.parquet': parquet(snappy),
          'v1/train-00000-of-00001.parquet': parquet(readFileSync(golden('no-text.parquet'))),
        },
      },
      'datasets/owner/plain': {
        commit,
        branch: 'main',
        files: { 'data/train-00000-of-00001.parquet': parquet(snappy), 'data/train_extra.parquet': parquet(zstd) },
      },
      'datasets/owner/private': { commit, branch: 'main', token: 'hf_secret', files: { 'train.parquet': parquet(snappy) } },
      'models/owner/opt': {
        commit,
        branch: 'main',
        files: {
          'config.json': { content: Buffer.from('{}') },
          'model.safetensors': { content: Buffer.from('weights'), lfs: true },
          'pytorch_model.bin': { content: Buffer.from('pickle'), lfs: true },
          'tokenizer.json': { content: Buffer.from('{"t":1}') },
          'vocab.json': { content: Buffer.from('{}') },
          'merges.txt': { content: Buffer.from('#') },
          'onnx/model.onnx': { content: Buffer.from('onnx'), lfs: true },
        },
      },
      'models/owner/pickled': {
        commit,
        branch: 'main',
        files: { 'config.json': { content: Buffer.from('{}') }, 'pytorch_model.bin': { content: Buffer.from('x'), lfs: true } },
      },
    });
    settings = { endpoint: hub.endpoint, offline: false, cacheDir: join(root, `hub-${made++}`) };
  });
  afterEach(() => hub.stop());
  const read = (uri: string, split: 'train' | 'valid' | 'test' = 'train', over: Partial<HubSettings> = {}) =>
    readSource(uri, { split, hub: { ...settings, ...over } });

  test('a split by default or by name, all its files in order, the branch recorded as its commit', async () => {
    expect(await read('hf://owner/wiki/raw-v1@main')).toEqual({
      text: text + text,
      source: `hf://owner/wiki/raw-v1@${commit}#train`,
    });
    expect(await read('hf://owner/wiki/raw-v1@main', 'valid')).toEqual({
      text,
      source: `hf://owner/wiki/raw-v1@${commit}#validation`,
    });
    expect((await read(`hf://owner/wiki/raw-v1@${commit}#test`)).source).toBe(`hf://owner/wiki/raw-v1@${commit}#test`);
    expect((await read('hf://owner/plain@main')).text).toBe(text);
    expect(await originOf('hf://owner/wiki/raw-v1@main', { split: 'train', hub: settings })).toEqual({
      name: 'owner/wiki',
      uri: `hf://owner/wiki/raw-v1@${commit}#train`,
      files: [
        ['raw-v1/train-00000-of-00002.parquet', sha256(snappy)],
        ['raw-v1/train-00001-of-00002.parquet', sha256(zstd)],
      ],
    });
  });

  test('rows of a dataset are records of a template, each file after the other', async () => {
    hub.repos['datasets/owner/squad'] = {
      commit,
      branch: 'main',
      files: {
        'plain_text/train-00000-of-00002.parquet': parquet(squadParquet([SQUAD[0]])),
        'plain_text/train-00001-of-00002.parquet': parquet(squadParquet([SQUAD[1]])),
      },
    };
    const { text, source } = await readSource('hf://owner/squad/plain_text@main', { split: 'train', hub: settings, records: true }); // prettier-ignore
    expect(source).toBe(`hf://owner/squad/plain_text@${commit}#train`);
    expect(asked(text)).toEqual(ASKED);
  });

  test("the cache has Python's layout: refs, blobs by hash, snapshots of links; a second read downloads nothing", async () => {
    await read('hf://owner/wiki/raw-v1@main');
    const folder = join(settings.cacheDir, 'datasets--owner--wiki');
    expect(readFileSync(join(folder, 'refs/main'), 'utf8')).toBe(commit);
    expect(readdirSync(join(folder, 'blobs')).sort()).toEqual([sha256(snappy), sha256(zstd)].map((d) => d.slice(7)).sort());
    const pointer = join(folder, 'snapshots', commit, 'raw-v1/train-00000-of-00002.parquet');
    expect(lstatSync(pointer).isSymbolicLink()).toBe(true);
    expect(readlinkSync(pointer)).toBe(`../../../blobs/${sha256(snappy).slice(7)}`);
    hub.requests.length = 0;
    await read('hf://owner/wiki/raw-v1@main');
    expect(hub.requests.filter((r) => r.includes('/resolve/') || r.startsWith('cdn'))).toEqual([]);
  });

  test('HF_HUB_OFFLINE reads the cache alone, and says what is missing', async () => {
    await read('hf://owner/wiki/raw-v1@main');
    await hub.stop();
    const offline = { offline: true };
    expect(await read('hf://owner/wiki/raw-v1@main', 'train', offline)).toEqual({
      text: text + text,
      source: `hf://owner/wiki/raw-v1@${commit}#train`,
    });
    expect((await read(`hf://owner/wiki/raw-v1@${commit}`, 'train', offline)).text).toBe(text + text);
    for (const [uri, split] of [
      ['hf://owner/wiki/raw-v1@main', 'test'],
      ['hf://owner/wiki/raw-v1@other', 'train'],
      ['hf://owner/else@main', 'train'],
      [`hf://owner/wiki/raw-v1@${'c'.repeat(40)}`, 'train'],
    ] as const) {
      expect((await failure(read(uri, split, offline))).kind).toBe('notFound');
    }
    rmSync(join(settings.cacheDir, 'datasets--owner--wiki/snapshots', commit, 'raw-v1/train-00001-of-00002.parquet'));
    expect(await failure(read('hf://owner/wiki/raw-v1@main', 'train', offline))).toMatchObject({
      kind: 'notFound',
      message: expect.stringContaining('1 of 2 files'),
    });
    hub = await startFakeHub({});
  });

  test('a file that was damaged on its way is refused and not kept; one damaged in the cache is fetched again, or refused offline', async () => {
    hub.tamper = (content) => Buffer.concat([content.subarray(0, 10), Buffer.from([content[10] ^ 1]), content.subarray(11)]);
    for (const split of ['train', 'valid'] as const) {
      const error = await failure(read('hf://owner/wiki/raw-v1@main', split));
      expect(error.kind).toBe('verification');
      expect(error.message).toContain('raw-v1/');
      expect(readdirSync(join(settings.cacheDir, 'datasets--owner--wiki/blobs'))).toEqual([]);
      expect(existsSync(join(settings.cacheDir, 'datasets--owner--wiki/snapshots'))).toBe(false);
    }
    hub.tamper = (content) => content;
    await read('hf://owner/wiki/raw-v1@main', 'test');
    writeFileSync(join(settings.cacheDir, 'datasets--owner--wiki/blobs', sha256(snappy).slice(7)), 'damaged');
    expect((await failure(read('hf://owner/wiki/raw-v1@main', 'test', { offline: true }))).kind).toBe('verification');
    expect((await read('hf://owner/wiki/raw-v1@main', 'test')).text).toBe(text);
  });

  test('the token goes to the Hub and nowhere else; without it a private repository is refused', async () => {
    expect(await failure(read('hf://owner/private@main'))).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('HF_TOKEN'),
    });
    expect(await failure(read('hf://owner/private@main', 'train', { token: 'hf_wrong' }))).toMatchObject({
      kind: 'invalid',
      message: expect.not.stringContaining('hf_wrong'),
    });
    hub.requests.length = 0;
    expect((await read('hf://owner/private@main', 'train', { token: 'hf_secret' })).text).toBe(text);
    expect(hub.requests.filter((r) => r.startsWith('hub')).every((r) => r.endsWith('Bearer hf_secret'))).toBe(true);
    expect(hub.requests.filter((r) => r.startsWith('cdn'))).toEqual([expect.stringMatching(/ -$/)]);
    hub.foreignPages = true;
    hub.requests.length = 0;
    expect((await failure(read('hf://owner/wiki/raw-v1@main', 'train', { token: 'hf_secret' }))).kind).toBe('notFound');
    expect(hub.requests.filter((r) => r.startsWith('cdn'))).toEqual([expect.stringMatching(/ -$/)]);
  });

  test('what does not exist is named; what the repository has instead is listed', async () => {
    expect((await failure(read('hf://owner/wiki/raw-v1@v9'))).kind).toBe('notFound');
    expect(await failure(read('hf://owner/wiki/raw-v9@main'))).toMatchObject({
      kind: 'notFound',
      message: expect.stringContaining('raw-v1/train-00000-of-00002.parquet'),
    });
    expect((await failure(read('hf://owner/wiki/raw-v1@main#dev'))).message).toContain('split dev');
    expect((await failure(read('hf://owner/wiki/v1@main'))).message).toContain('no column text');
    expect((await failure(read(`hf://owner/wiki/raw-v1@${'c'.repeat(40)}`))).kind).toBe('notFound');
  });

  test('a busy Hub is asked again; an unreachable one is unreachable', async () => {
    hub.unavailable = 2;
    expect((await read('hf://owner/plain@main')).text).toBe(text);
    const endpoint = `http://127.0.0.1:${await systemPort()}`;
    expect(await failure(read('hf://owner/plain@main', 'train', { endpoint }))).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(endpoint),
    });
  }, 30_000);

  test('a listing that leads outside the cache is refused', async () => {
    hub.repos['datasets/owner/plain'].files['../../evil.parquet'] = { content: Buffer.from('x') };
    expect(await failure(read('hf://owner/plain@main'))).toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('evil'),
    });
  });

  test('a checkpoint: configuration, tokenizer and safetensors, and nothing else', async () => {
    const found = await resolveCheckpoint('hf://owner/opt@main', settings);
    expect(found.source).toBe(`hf://owner/opt@${commit}`);
    expect(found.files).toEqual(['config.json', 'merges.txt', 'model.safetensors', 'tokenizer.json', 'vocab.json']);
    expect(found.files.map((name) => readFileSync(join(found.folder, name), 'utf8'))).toEqual([
      '{}',
      '#',
      'weights',
      '{"t":1}',
      '{}',
    ]);
    expect(readdirSync(found.folder).sort()).toEqual([...found.files]);
    const digests = await checkpointDigests(found);
    expect(await originOfCheckpoint('hf://owner/opt@main', found, digests)).toEqual({
      given: 'hf://owner/opt@main',
      name: 'owner/opt',
      uri: `hf://owner/opt@${commit}`,
      files: [
        ['config.json', '{}'],
        ['merges.txt', '#'],
        ['model.safetensors', 'weights'],
        ['tokenizer.json', '{"t":1}'],
        ['vocab.json', '{}'],
      ].map(([path, content]) => ({
        path,
        digest: sha256(content),
        size: content.length,
        source: { file: join(found.folder, path) },
      })),
    });
    const pickled = await resolveCheckpoint('hf://owner/pickled@main', settings); // where there are no safetensors
    expect(pickled.files).toEqual(['config.json', 'pytorch_model.bin']);
    expect((await failure(resolveCheckpoint('hf://owner/nothing@main', settings))).kind).toBe('invalid');
    expect((await failure(resolveCheckpoint('hf://owner/opt', settings))).kind).toBe('invalid');
  });

  test('a sentence encoder: how hidden states become a vector, too, and no other forms of it', async () => {
    const wanted = ['1_Pooling/config.json', 'config.json', 'model.safetensors', 'modules.json', 'sentence_bert_config.json', 'tokenizer.json']; // prettier-ignore
    const files = Object.fromEntries([...wanted, 'README.md', 'onnx/config.json', 'onnx/model.onnx'].map((name) => [name, { content: Buffer.from(name) }])); // prettier-ignore
    hub.repos['models/owner/minilm'] = { commit, branch: 'main', files };
    const found = await resolveEncoder('hf://owner/minilm@main', settings);
    expect([found.source, found.files]).toEqual([`hf://owner/minilm@${commit}`, wanted]);
    expect(readFileSync(join(found.folder, '1_Pooling/config.json'), 'utf8')).toBe('1_Pooling/config.json');
    expect((await resolveEncoder(`file:${found.folder}`)).files).toEqual(wanted);
    expect(await failure(resolveEncoder('minilm', settings))).toMatchObject({ kind: 'invalid', message: expect.stringContaining('is no encoder; write file:FOLDER') }); // prettier-ignore
    expect((await failure(resolveEncoder(`file:${join(root, 'nowhere')}`))).kind).toBe('notFound');
  });

  test('a local checkpoint folder is checked the same way', async () => {
    const folder = join(root, `model-${made++}`);
    expect((await failure(resolveCheckpoint(`file:${folder}`))).kind).toBe('notFound');
    mkdirSync(folder);
    writeFileSync(join(folder, 'pytorch_model.bin'), '');
    expect((await failure(resolveCheckpoint(`file:${folder}`))).message).toContain('config.json');
    writeFileSync(join(folder, 'config.json'), '{}');
    expect(await resolveCheckpoint(`file:${folder}`)).toEqual({ folder, files: ['config.json', 'pytorch_model.bin'] });
    rmSync(join(folder, 'pytorch_model.bin'));
    expect((await failure(resolveCheckpoint(`file:${folder}`))).message).toContain('neither model.safetensors nor');
    writeFileSync(join(folder, 'model.safetensors'), '');
    expect(await resolveCheckpoint(`file:${folder}`)).toEqual({ folder, files: ['config.json', 'model.safetensors'] });
    expect((await failure(resolveCheckpoint('file:relative'))).kind).toBe('invalid');
  });
});

test("the environment is huggingface_hub's", async () => {
  const home = join(root, 'hf-home');
  mkdirSync(home);
  expect(hubSettings({ HF_HOME: home })).toEqual({
    endpoint: 'https://huggingface.co',
    offline: false,
    cacheDir: join(home, 'hub'),
  });
  writeFileSync(join(home, 'token'), 'hf_from_file\n');
  expect(hubSettings({ HF_HOME: home }).token).toBe('hf_from_file');
  expect(
    hubSettings({
      HF_HOME: home,
      HF_TOKEN: 'hf_env',
      HF_ENDPOINT: 'https://mirror/',
      HF_HUB_OFFLINE: 'True',
      HF_HUB_CACHE: '/c',
    }),
  ).toEqual({
    endpoint: 'https://mirror',
    token: 'hf_env',
    offline: true,
    cacheDir: '/c',
  });
  expect(hubSettings({ XDG_CACHE_HOME: '/x' }).cacheDir).toBe('/x/huggingface/hub');
  expect(hubSettings({ HF_HUB_OFFLINE: '0' }).offline).toBe(false);
  for (const endpoint of ['huggingface.co', 'ftp://x', 'https://user:pw@host']) {
    expect((await failure((async () => hubSettings({ HF_ENDPOINT: endpoint }))())).kind).toBe('invalid');
  }
});
