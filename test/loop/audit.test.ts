/** docs/audit.md, command by command: what it shows is what is printed, but for digests and numbers; and what it says of a withdrawn line is so. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openArtifactStore } from '../../artifacts/open.js';
import { readGraph } from '../../lineage/graph.js';
import { shows } from '../../lineage/prefix-tree.js';
import { commitTexts } from '../../lineage/records.js';
import { findTarget } from '../../lineage/target.js';
import { ancestryOf } from '../../lineage/walk.js';
import { temporaryFolder } from './support.js';

const page = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8');
const BIN = fileURLToPath(new URL('../../bin/habsburg.js', import.meta.url));
const LINE = 'the fox sees the river number 3 .';

/** The code of a section, in order: commands with what the page shows of their output. */
function commandsUnder(heading: string): { commands: string; shown?: string }[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/audit.md has no section ${heading}`);
  return [...section.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms)].map(([, commands, shown]) => ({
    commands,
    shown,
  }));
}

let home: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...path: string[]) => join(home.path, ...path);

/** Runs commands as a reader would type them; the first that fails ends it. */
function shell(commands: string, folder: string): Promise<{ code: number | null; out: string; err: string }> {
  const { TEMPORAL_ADDRESS: _, HABSBURG_STORE: __, ...env } = process.env;
  const defined = `set -eu\nhabsburg() { "${process.execPath}" "${BIN}" "$@"; }\n${commands}`;
  const child = spawn('bash', ['-c', defined], { cwd: at(folder), env: { ...env, NODE_OPTIONS: '' } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

/** What may be otherwise on another machine stands for itself: digests, numbers and units; a line or an end of one that is left out is anything. */
function shape(text: string): string {
  return text
    .replace(/\b[0-9a-f]{64}\b/g, '…')
    .replace(/\b[0-9a-f]{12}\b/g, '000000000000')
    .replace(/\d[\d,.]*\d|\d/g, '9')
    .replace(/\b[kM]?B\b/g, 'B');
}
const pattern = (shown: string): RegExp =>
  new RegExp(`^${shape(shown).split('\n').map((line) => (line === '…' ? '(?:.*\n)*?.*' : line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('.*'))).join('\n')}$`); // prettier-ignore

async function follow(heading: string, folder: string): Promise<void> {
  const blocks = commandsUnder(heading);
  expect(blocks.length).toBeGreaterThan(0);
  for (const { commands, shown } of blocks) {
    const { code, out, err } = await shell(commands, folder);
    expect([commands, code, code === 0 ? '' : err]).toEqual([commands, 0, '']);
    if (shown !== undefined) expect(shape(out)).toMatch(pattern(shown));
  }
}

beforeAll(async () => {
  home = await temporaryFolder('audit');
  const words = (seed: number, lines: number) =>
    Array.from({ length: lines }, (_, i) => `the ${['cat', 'dog', 'hen', 'fox', 'owl'][(i * seed + (i >> 2)) % 5]} sees ${['a', 'the', 'no'][(i + seed) % 3]} ${['tree', 'house', 'river', 'stone'][(i * i + seed) % 4]} number ${i} .\n`).join(''); // prettier-ignore
  for (const folder of ['lab', 'auditor']) {
    await mkdir(at(folder));
    await writeFile(at(folder, 'stein.yaml'), /^```yaml\n(.*?)^```$/ms.exec(page)![1]);
    for (const [name, seed, lines] of [['trees', 1, 120], ['valid', 2, 40], ['test', 5, 40]] as const) await writeFile(at(folder, `${name}.txt`), words(seed, lines)); // prettier-ignore
  }
});
afterAll(() => home.remove());

test('an audit, as it is told, with the experiment’s machine gone', async () => {
  await follow('At the lab', 'lab');
  const store = openArtifactStore(at('lab/.habsburg/store'));
  const [model] = await findTarget(store, await readGraph(store), 'stein/cross/seed-1/2/opt');
  await store.materialise(model.digest, at('taken'));
  await cp(at('taken/model.safetensors'), at('auditor/found.safetensors'));
  await mkdir(at('auditor/.habsburg'));
  await cp(at('lab/.habsburg/store'), at('auditor/.habsburg/store'), { recursive: true });
  for (const sent of ['trust.yaml', 'head.txt']) await cp(at('lab', sent), at('auditor', sent));
  await rm(at('lab'), { recursive: true });

  for (const heading of [
    'What is this file?',
    'Is that so?',
    'What was it made of?',
    'How much of it did people write?',
    'Was this text in it?',
    'Somebody wants a line back',
  ])
    await follow(heading, 'auditor');
  expect(page.split(/^## /m)).toHaveLength(1 + 7);

  // no dataset in the ancestry of any new model says the line, in whatever tokens; in the old one's it stood
  const after = openArtifactStore(at('auditor/.habsburg/store'));
  const graph = await readGraph(after);
  const saying = async (experiment: string) => {
    const models = await findTarget(after, graph, `${experiment}/cross/seed-1/2`);
    const datasets = [...ancestryOf(graph, models).artifacts.values()].filter(({ kind }) => kind === 'dataset');
    let said = 0;
    for (const { digest } of datasets) {
      const lines = (await after.readFile(digest, 'records.jsonl')).toString('utf8').split('\n').slice(0, -1);
      const records = lines.map((line) => JSON.parse(line) as { text: string });
      if (records.map(({ text }) => text).join('').includes(LINE)) said++; // prettier-ignore
      if (experiment === 'stein') continue;
      const { predicate, key, proof } = await commitTexts(after, { kind: 'dataset', digest, size: 0 }, LINE);
      expect(shows(Buffer.from(predicate.root, 'hex'), key, proof)).toBe('absent');
    }
    return [said, datasets.length];
  };
  const [before, all] = await saying('stein');
  expect([before > 0, all]).toEqual([true, 12]);
  expect(await saying('stein-without')).toEqual([0, 12]);
}, 600_000);
