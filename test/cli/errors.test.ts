/** Bad input: one sentence on stderr that says what and what to do, the documented exit code, nothing on stdout. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { habsburg, temporaryFolder } from '../loop/support.js';

const GOLDEN = fileURLToPath(new URL('../golden/lm/opt-pre-ln', import.meta.url));
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryFolder('errors');
  await writeFile(at('unknown.yaml'), 'schemaVersion: 1\nname: x\nseedz: [1]\n');
  await writeFile(at('tokens.json'), '[[5, 6, 7]]');
  await cp(GOLDEN, at('truncated'), { recursive: true });
  await writeFile(at('truncated/model.safetensors'), (await readFile(join(GOLDEN, 'model.safetensors'))).subarray(0, 900));
});
afterAll(() => folder.remove());

const cases: [string, number, () => string[], RegExp, NodeJS.ProcessEnv?][] = [
  ['a misspelt key', 2, () => ['run', at('unknown.yaml')], /unknown\.yaml:3:1: .*seedz.*did you mean "seeds"/],
  [
    'a misspelt override',
    2,
    () => ['run', 'quickstart', '--set', 'population.0.training.epochz=3'],
    /--set population\.0\.training\.epochz=3: .*did you mean "epochs"/,
  ],
  [
    'an option of tomorrow',
    2,
    () => ['run', 'quickstart', '--set', 'conditions.0.mixture.kind=cross'],
    /cross.*not implemented yet/,
  ],
  [
    'a store where a command is meant: its credentials are not repeated',
    2,
    () => ['s3://AKIAXX:hunter2@bucket/x'],
    /^error: (?!.*hunter2).*unknown command 's3:\/\/…@bucket\/x'/,
  ],
  [
    'or where a number is meant',
    2,
    () => ['lm', 'perplexity', '--model', 'x', '--block', 's3://AKIAXX:hunter2@bucket/x'],
    /^(?!.*hunter2).*--block/,
  ],
  ['a missing experiment file', 4, () => ['run', at('nope.yaml')], /nope\.yaml: no such experiment file/],
  ['an unknown experiment', 4, () => ['results', 'nope', '--store', at('store')], /no experiment "nope"/],
  [
    'a home where nothing has run',
    4,
    () => ['status', 'x', '--home', at('home')],
    /nothing has run in .*home yet, so there is no x/,
  ],
  [
    'a server that does not answer',
    5,
    () => ['status'],
    /no Temporal server answers at 127\.0\.0\.1:1;/,
    { TEMPORAL_ADDRESS: '127.0.0.1:1' },
  ],
  [
    'a missing model',
    4,
    () => ['lm', 'perplexity', '--model', at('no-model'), '--tokens', at('tokens.json')],
    /no-model: no such file or folder/,
  ],
  [
    'a truncated model',
    3,
    () => ['lm', 'perplexity', '--model', at('truncated'), '--tokens', at('tokens.json')],
    /truncated.model\.safetensors is not a valid safetensors file/,
  ],
  ['an unusable store', 2, () => ['results', 'x', '--store', 'ftp://x'], /ftp: is neither/],
  ...[
    's3://AKIAXX:hunter2@bucket/x',
    's3://bucket/x?aws_secret_access_key=hunter2',
    'file://user:hunter2@host/x',
    'u:hunter2@host/x',
  ].map((store): (typeof cases)[number] => [
    `a store with credentials in its url (${store.split('hunter2')[0]}…)`,
    2,
    () => ['run', 'curse-single-normal', '--home', at('home'), '--store', store],
    /^habsburg: (?!.*hunter2)(?!.*AKIAXX).*store/,
  ]),
  [
    'a server address with credentials',
    2,
    () => ['run', 'curse-single-normal'],
    /^habsburg: (?!.*hunter2).*credentials belong in TEMPORAL_API_KEY/,
    { TEMPORAL_ADDRESS: 'user:hunter2@127.0.0.1:7233' },
  ],
  ['an unknown command', 2, () => ['frobnicate'], /unknown command 'frobnicate'/],
];

// One parameter each: jest takes a parameter that a row has no value for to be its `done` callback.
test.each(cases.map(([what, code, args, sentence, env]) => ({ what, code, args, sentence, env })))(
  '$what exits with $code',
  async ({ code, args, sentence, env }) => {
    const { code: got, stdout, stderr } = await habsburg(args(), env);
    expect([got, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /); // no stack trace
  },
);
