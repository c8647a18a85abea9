/** Trees over records: against RFC 9162 by other implementations and by its own recursion, and proofs that are bent. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { statementsAbout } from '../../artifacts/statements.js';
import { MerkleTree, hash, includes, leafHash, merkleRoot } from '../../signing/merkle.js';
import { prefixTree, shows, type Entry } from '../../lineage/prefix-tree.js';
import { checkProof, proveRecord, proveText } from '../../lineage/proof.js';
import { recordsAbout } from '../../lineage/records.js';
import { Household } from './support.js';
import { canonicalJson } from '../../common/canonical.js';
import { sealed, type Signer } from '../../signing/envelope.js';
import { signer, signerNumber } from '../support/signer.js';

/** Roots and paths that Go's transparency-dev/merkle accepted, and roots that pymerkle has, too. */
const golden = JSON.parse(readFileSync(new URL('./merkle.json', import.meta.url), 'utf8')) as {
  roots: { n: number; root: string }[];
  inclusion: { n: number; i: number; leaf: string; path: string[]; root: string }[];
};
const leaves = (n: number) => Array.from({ length: n }, (_, i) => leafHash(Buffer.from(`record ${i}`)));
const pathOf = (n: number, i: number) => {
  const tree = new MerkleTree();
  for (const [at, leaf] of leaves(n).entries()) tree.add(leaf, at === i);
  return tree.close();
};

test('roots and paths are those of other implementations', () => {
  for (const { n, root } of golden.roots) expect([n, merkleRoot(leaves(n)).toString('base64')]).toEqual([n, root]);
  for (const { n, i, leaf, path, root } of golden.inclusion) {
    const own = pathOf(n, i);
    expect([n, i, own.path.map((one) => one.toString('base64'))]).toEqual([n, i, path]);
    expect(includes(Buffer.from(root, 'base64'), n, i, leafHash(Buffer.from(leaf, 'base64')), own.path)).toBe(true);
  }
});

test('every small tree is the recursion of the RFC, and of every path each bit and the place and count matter', () => {
  const root = (all: readonly Buffer[]): Buffer => {
    if (all.length === 0) return hash();
    if (all.length === 1) return all[0];
    let k = 1;
    while (2 * k < all.length) k *= 2;
    return hash(Buffer.of(1), root(all.slice(0, k)), root(all.slice(k)));
  };
  for (let n = 0; n <= 17; n++) {
    const all = leaves(n);
    expect(merkleRoot(all)).toEqual(root(all));
    for (let i = 0; i < n; i++) {
      const { path, root: top } = pathOf(n, i);
      const places = Array.from({ length: n + 1 }, (_, j) => j).filter((j) => includes(top, n, j, all[i], path));
      expect([n, i, places]).toEqual([n, i, [i]]);
      for (const [level, one] of path.entries()) {
        const bent = [...path];
        bent[level] = Buffer.from(one);
        bent[level][level] ^= 1;
        expect(includes(top, n, i, all[i], bent)).toBe(false);
      }
      expect(includes(top, n, i, all[i], path.slice(1))).toBe(path.length === 0);
      expect(includes(top, n, i, all[i], [...path, top])).toBe(false);
    }
  }
});

const entry = (i: number): Entry => ({ key: hash(Buffer.from(`key ${i}`)), value: hash(Buffer.from(`value ${i}`)) });
const sorted = (n: number) => Array.from({ length: n }, (_, i) => entry(i)).sort((a, b) => Buffer.compare(a.key, b.key));

test('a key is present or absent as it is, in every small tree, and no forged absence is accepted', () => {
  for (let n = 0; n <= 24; n++) {
    const entries = sorted(n);
    const proofs = Array.from({ length: 32 }, (_, i) => ({ i, key: entry(i).key, ...prefixTree(entries, entry(i).key) }));
    for (const { i, key, root, proof } of proofs) {
      expect([n, i, shows(root, key, proof!)]).toEqual([n, i, i < n ? 'present' : 'absent']);
      if (i >= n) continue;
      // with each other's proof, an empty end, and a way that is cut or longer
      const { beside } = proof!;
      const forged = [
        ...proofs.filter((other) => other.i !== i).map((other) => other.proof!),
        ...beside.map((_, depth) => ({ beside: beside.slice(0, depth), end: null })),
        { beside, end: null },
        { beside: [...beside, Buffer.alloc(32)], end: null },
        { beside, end: { key: entry(i + 1).key, value: proof!.end!.value } },
      ];
      expect(forged.filter((one) => shows(root, key, one) === 'absent')).toEqual([]);
    }
  }
});

test('two keys that differ in the last bit have their places', () => {
  const [a, b] = [Buffer.alloc(32), Buffer.alloc(32)];
  b[31] = 1;
  const entries = [{ key: a, value: hash(a) }, { key: b, value: hash(b) }]; // prettier-ignore
  const { root, proof } = prefixTree(entries, b);
  expect([proof!.beside.length, shows(root, b, proof!)]).toEqual([256, 'present']);
});

const record = (i: number, text: string) =>
  JSON.stringify({ id: `real/${i}`, tokens: [i], text, origin: { kind: 'real', source: 'x' } });
const TEXTS = ['The cat  sleeps.', 'a dog barks', 'Ein Haus', 'a dog barks'];
const SECRET = Buffer.alloc(32, 7);

async function dataset() {
  const house = new Household();
  const lines = TEXTS.map((text, i) => record(i, text));
  const made = await house.publish('dataset', 'texts', { 'records.jsonl': `${lines.join('\n')}\n` });
  return { house, lines, made };
}
/** what a proof's statement says */
const said = (proof: Record<string, any>): Record<string, any> => JSON.parse(Buffer.from(proof.statement.payload, 'base64').toString()) as Record<string, any>; // prettier-ignore
/** says something else under the same signature */
function restated(proof: Record<string, any>, how: (statement: Record<string, any>) => void): void {
  const other = said(proof);
  how(other);
  proof.statement.payload = Buffer.from(canonicalJson(other)).toString('base64');
}
const pem = (by: Signer): string => by.publicKey.export({ type: 'spki', format: 'pem' }) as string;
const stated = async (statement: object) => ({ statement: JSON.parse((await sealed(Buffer.from(canonicalJson(statement)), signer)).toString()) as unknown, publicKey: pem(signer) }); // prettier-ignore
const turned = (proof: object): Record<string, any> => JSON.parse(JSON.stringify(proof)) as Record<string, any>;

test('a record of a dataset: proven, stated beside the dataset once, checked without it; nothing else is shown by it', async () => {
  const { house, lines, made } = await dataset();
  const proof = turned(await proveRecord(house.store, made, 'real/2', signer));
  await proveRecord(house.store, made, 'real/1', signer);
  const filed: string[] = [];
  for await (const one of statementsAbout(house.store, recordsAbout(made))) filed.push(one);
  const shown = checkProof(proof, { record: Buffer.from(lines[2]) });
  expect(shown).toEqual({
    proves: 'inclusion',
    dataset: made.digest,
    statement: filed[0],
    keyid: signer.keyid,
    count: 4,
    index: 2,
    matches: true,
  });
  expect(filed).toHaveLength(1);
  const bend = (how: (proof: Record<string, any>) => void) => {
    const other = turned(proof);
    how(other);
    return () => checkProof(other);
  };
  expect(() => checkProof(proof, { record: Buffer.from(lines[1]) })).toThrow(/about another record/);
  expect(bend((one) => (one.index = 1))).toThrow(/do not lead to the root/);
  expect(bend((one) => restated(one, (it) => (it.predicate.count = 9)))).toThrow(/not what the key/);
  const resigned = await stated({ ...said(proof), predicate: { ...said(proof).predicate, count: 9 } });
  expect(bend((one) => Object.assign(one, resigned))).toThrow(/do not lead to the root/);
  expect(bend((one) => (one.publicKey = pem(signerNumber(2))))).toThrow(/which is not among those that are known/);
  expect(bend((one) => one.path.pop())).toThrow(/do not lead to the root/);
  expect(bend((one) => (one.path[0] = one.path[0].slice(0, 40)))).toThrow(/32 bytes/);
  // an unused bit of base64
  const next = (digit: string) => String.fromCharCode(digit.charCodeAt(0) + 1);
  expect(bend((one) => (one.path[0] = one.path[0].replace(/.(?==$)/, next)))).toThrow(/32 bytes/);
  expect(bend((one) => restated(one, (it) => (it.predicateType = 'https://example.com')))).toThrow(/not what the key/);
  expect(bend((one) => (one.extra = 1))).toThrow(/shows nothing/);
  await expect(proveRecord(house.store, made, 'real/9', signer)).rejects.toMatchObject({ kind: 'notFound' });
});

test.each([['plain', undefined], ['keyed', SECRET]] as const)('texts, %s: present by any spelling that is the same, absent otherwise', async (_, secret) => {
  const { house, made } = await dataset();
  for (const [text, proves] of [['the cat sleeps.', 'present'], ['A DOG BARKS', 'present'], ['the cat', 'absent'], ['', 'absent']] as const) {
    const proof = turned(await proveText(house.store, made, text, signer, secret));
    expect(checkProof(proof, { text, secret })).toMatchObject({ proves, count: 3, matches: true });
    expect(() => checkProof(proof, { text: 'another', secret })).toThrow(/about another text/);
    const other = { present: 'absent', absent: 'present' }[proves];
    expect(() => checkProof({ ...proof, proves: other })).toThrow(/do not show/);
    expect(() => checkProof(proof, { text, secret: secret ? undefined : SECRET })).toThrow(/keyed/);
    if (secret) expect(() => checkProof(proof, { text, secret: Buffer.alloc(32, 8) })).toThrow(/not the secret/);
  }
  await expect(proveText(house.store, await house.publish('images', 'i', { 'images.idx': 'x' }), 'x', signer)).rejects.toMatchObject({ kind: 'invalid' }); // prettier-ignore
}); // prettier-ignore
