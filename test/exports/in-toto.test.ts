/** A bundle: a store of an ancestry alone, and its signed statements for who has none of our code. */
import { createPublicKey } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { hasBegun } from '../../artifacts/store-mark.js';
import { appendLog } from '../../artifacts/log.js';
import { canonicalStoreUrl } from '../../artifacts/store-url.js';
import { sha256 } from '../../common/canonical.js';
import { readGraph } from '../../lineage/graph.js';
import { findTarget } from '../../lineage/target.js';
import { verifyLineage } from '../../lineage/verify.js';
import { privateKeyOf, signedJson, signer } from '../support/signer.js';
import { builtHouse, filesIn, flip } from './support.js';
import { changed, validated, verdicts } from './validators.js';

const { house, exports } = await builtHouse();
beforeAll(() => appendLog(house.store, signer));

const verify = async (folder: string, what: string) => {
  const store = openArtifactStore(folder);
  const graph = await readGraph(store);
  return verifyLineage(store, graph, await findTarget(store, graph, what));
};

test('on the bundle alone the lineage holds as in the store, and what is not of it is not there', async () => {
  const folder = await exports.write('in-toto', '0/texts');
  expect(hasBegun(canonicalStoreUrl(folder))).toBe(true);
  const { digest } = house.made['0/texts'];
  const there = await verifyLineage(house.store, await readGraph(house.store), [house.made['0/texts']]);
  const found = await verify(folder, digest);
  expect(found).toEqual(there);
  expect([found.verdicts, found.artifacts, found.steps, found.sources]).toEqual([[], 4, 3, 1]);
  // by its place in an experiment, too
  expect((await verify(folder, 'forest/replace/seed-1/0/opt/generated')).verdicts).toEqual([]);
  const files = filesIn(folder);
  const later = house.made['1/model'];
  for (const { digest: file } of [later, ...later.files.slice(1)])
    expect(files).not.toHaveProperty([`blobs/sha256/${file.slice(7, 9)}/${file.slice(7)}`]);
  expect(Object.keys(files).filter((path) => path.startsWith('log/'))).toEqual(['log/batches/00000001.json']);
});

test('the lines are the statements, byte for byte, and each is there once', async () => {
  const files = filesIn(await exports.write('in-toto', '1/model'));
  const lines = files['attestations.intoto.jsonl'].toString().trimEnd().split('\n');
  const filed = Object.entries(files).filter(([path]) => path.startsWith('statements/'));
  expect(lines).toEqual(filed.map(([, bytes]) => bytes.toString()));
  expect(filed.map(([path]) => path.slice(-69, -5))).toEqual(lines.map((line) => sha256(line).slice(7)));
  const types = lines.map((line) => (signedJson(line) as { predicateType: string }).predicateType.split('/').at(-1));
  // two generations that name what is on the way; five steps less the last one's writing; the source
  expect([...types].sort()).toEqual(['result', 'result', 'source', 'v1', 'v1', 'v1', 'v1'].sort());
  expect(filesIn(await exports.write('in-toto', '1/model'))).toEqual(files);
});

test('a bundle in which a bit is changed does not hold', async () => {
  const folder = await exports.write('in-toto', '1/model');
  const hex = house.made.trees.digest.slice(7);
  const copies = changed(folder, {
    'a statement': (copy) =>
      flip(
        join(
          copy,
          Object.keys(filesIn(copy)).find((path) => path.startsWith('statements/steps/'))!,
        ),
      ),
    'a manifest': (copy) => flip(join(copy, 'blobs', 'sha256', hex.slice(0, 2), hex)),
    'no statement about the source': (copy) => rmSync(join(copy, 'statements', 'sources'), { recursive: true }),
  });
  for (const copy of copies)
    expect([copy, (await verify(copy, house.made['1/model'].digest)).verdicts.length > 0]).toEqual([copy, true]);
});

validated('securesystemslib and in-toto-attestation take every line, and refuse a changed one', async () => {
  const folder = await exports.write('in-toto', '1/texts');
  const edit = (change: (lines: string[]) => void) => (copy: string) => {
    const file = join(copy, 'attestations.intoto.jsonl');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    change(lines);
    writeFileSync(file, lines.join('\n'));
  };
  const payload = (line: string) => Buffer.from(JSON.parse(line).payload, 'base64');
  const broken = changed(folder, {
    'a flipped bit of a statement': edit((lines) => {
      const bytes = payload(lines[0]);
      bytes[bytes.length >> 1] ^= 1;
      lines[0] = JSON.stringify({ ...JSON.parse(lines[0]), payload: bytes.toString('base64') });
    }),
    "another statement's signature": edit((lines) => {
      lines[0] = JSON.stringify({ ...JSON.parse(lines[0]), signatures: JSON.parse(lines[1]).signatures });
    }),
    'another key under the same name': (copy) => {
      const [name] = Object.keys(filesIn(join(copy, 'public-keys')));
      const pem = createPublicKey(privateKeyOf(2)).export({ type: 'spki', format: 'pem' });
      writeFileSync(join(copy, 'public-keys', name), pem);
    },
  });
  const said = verdicts('in-toto', [folder, ...broken]);
  expect(said[0]).toBeNull();
  expect(said.slice(1).map((one, i) => [broken[i], one === null])).toEqual(broken.map((copy) => [copy, false]));
});
