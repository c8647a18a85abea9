/** What is left when a writer dies or the disk is full; the writers are real processes (dist/ is built by `npm test`). */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { openArtifactStore, openStore } from '../../artifacts/open.js';
import { keys, read } from './object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-crash-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const prelude = `const { openStore, openArtifactStore } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), 'dist/artifacts/open.js')).href)});`;
const node = (code: string) => [process.execPath, '--input-type=module', '-e', prelude + code];

test('kill -9 of a writer at any moment leaves whole objects only', async () => {
  const folder = join(root, 'killed');
  const size = 8 << 20;
  for (let kill = 0; kill < 6; kill++) {
    const [command, ...args] = node(`
      const store = openStore(${JSON.stringify(folder)});
      for (let i = 0; ; i++) {
        const bytes = Buffer.alloc(${size}, 1 + i % 250);
        await store.put('k${kill}/' + i, { bytes });
        await store.put('again', { bytes });
        await store.putIfAbsent('absent/k${kill}-' + i, { bytes });
        if (i === 0) console.log('writing');
      }`);
    const writer = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data');
    await new Promise((done) => setTimeout(done, 7 * kill));
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
  const store = openStore(folder);
  const found = await keys(store, '');
  expect(found.length).toBeGreaterThan(6);
  for (const key of found) {
    const bytes = await read(store, key);
    expect(bytes).toHaveLength(size);
    expect(bytes.every((b) => b === bytes[0])).toBe(true);
  }
}, 120_000);

test('a full disk (file size limit) is "resources", and leaves neither object nor temporary file', async () => {
  const folder = join(root, 'full');
  const store = openStore(folder);
  await store.put('kept', { bytes: Buffer.from('old') });
  writeFileSync(join(root, 'large'), Buffer.alloc(1 << 20, 1));
  const code = `
    const store = openStore(${JSON.stringify(folder)});
    const artifacts = openArtifactStore(${JSON.stringify(join(root, 'full-source'))});
    const kinds = [];
    for (const attempt of [
      () => store.put('kept', { bytes: Buffer.alloc(1 << 20) }),
      () => store.put('new', { file: ${JSON.stringify(join(root, 'large'))} }),
      () => store.putIfAbsent('absent', { bytes: Buffer.alloc(1 << 20) }),
      () => artifacts.materialise(process.env.ARTIFACT, ${JSON.stringify(join(root, 'out'))}),
    ]) kinds.push(await attempt().then(() => 'written', (e) => e.kind));
    console.log(JSON.stringify(kinds));`;
  const source = join(root, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'f'), Buffer.alloc(1 << 20, 2));
  const ref = await openArtifactStore(join(root, 'full-source')).publish('dataset', source);
  // every write past 64 KiB fails in this process, as it would on a full disk
  const limited = spawnSync('bash', ['-c', 'ulimit -f 64; exec "$@"', 'bash', ...node(code)], {
    env: { ...process.env, ARTIFACT: ref.digest },
    encoding: 'utf8',
  });
  expect(limited.stderr).toBe('');
  expect(JSON.parse(limited.stdout)).toEqual(['resources', 'resources', 'resources', 'resources']);
  expect(await keys(store, '')).toEqual(['kept']);
  expect((await read(store, 'kept')).toString()).toBe('old');
  expect(readdirSync(join(folder, '~tmp'))).toEqual([]);
  expect(readdirSync(root).filter((name) => name.startsWith('out'))).toEqual([]);
  expect(readFileSync(join(root, 'large'))).toHaveLength(1 << 20);
});
