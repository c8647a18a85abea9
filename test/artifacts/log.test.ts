/** The log of a store: one row of entries whoever appends, and nothing in it that can be changed, left out, moved or taken away unseen. */
import { expect, test } from '@jest/globals';
import { orDamage } from '../../artifacts/damage.js';
import { appendLog, batchIn, batchKey, missingFrom, parting, readLog } from '../../artifacts/log.js';
import { signingKeyIn, signingKeyPath } from '../../artifacts/signing-keys.js';
import { STATEMENT_TYPE } from '../../artifacts/in-toto.js';
import { addStatement, allStatements, queuedKey, statementKey } from '../../artifacts/statements.js';
import { ContentStore } from '../../artifacts/store.js';
import { failure } from './object-store-contract.js';
import { MemoryStore } from '../support/memory-store.js';
import { signer, signerNumber } from '../support/signer.js';

const statement = (n: number) => ({ _type: STATEMENT_TYPE, subject: [], predicateType: 'a test', predicate: { n } }) as const;

class Place {
  readonly objects = new MemoryStore();
  readonly store = new ContentStore(this.objects);

  async file(from: number, count: number, by = signer): Promise<string[]> {
    const keys: string[] = [];
    for (let n = from; n < from + count; n++) keys.push(statementKey(`steps/${n}`, await addStatement(this.store, `steps/${n}`, statement(n), by))); // prettier-ignore
    return keys;
  }
  fault = async (): Promise<string | undefined> => (await readLog(this.store)).fault;
}

test('what was filed is logged once, in the order of batches, by whoever appends', async () => {
  const at = new Place();
  const first = await at.file(0, 3);
  expect(await readLog(at.store)).toMatchObject({ heads: [], waiting: 3 });
  expect(await appendLog(at.store, signer)).toBe(3);
  expect(await appendLog(at.store, signer)).toBe(0);
  const second = await at.file(3, 2, signerNumber(2));
  expect(await appendLog(at.store, signerNumber(2))).toBe(2);
  const { entries, heads, waiting, fault } = await readLog(at.store);
  expect([fault, waiting]).toEqual([undefined, 0]);
  expect([...entries.keys()].slice(0, 3).sort()).toEqual([...first].sort());
  expect([...entries.keys()].slice(3).sort()).toEqual([...second].sort());
  expect([...entries.values()]).toEqual([0, 1, 2, 3, 4]);
  expect(heads.map(({ size, keyid, batch }) => [size, keyid, batch])).toEqual([[3, signer.keyid, 1], [5, signerNumber(2).keyid, 2]]); // prettier-ignore
  // an earlier head is a head of the log still; one of another log is not
  expect(heads.map(({ note }) => parting({ heads }, note, 'kept.txt'))).toEqual([undefined, undefined]);
  const other = new Place();
  await other.file(0, 3);
  await appendLog(other.store, signer);
  expect(parting({ heads }, (await readLog(other.store)).heads[0].note, 'kept.txt')).toMatch(/head of another log/);
});

test('of many who append at the same time each adds something or nothing, and the log is one', async () => {
  const at = new Place();
  await at.file(0, 40);
  const added = await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    await at.file(100 + 10 * i, 10, signerNumber(i + 1));
    return appendLog(at.store, signerNumber(i + 1));
  })); // prettier-ignore
  expect(added.reduce((sum, n) => sum + n, 0)).toBe(120);
  const { entries, heads, fault, waiting } = await readLog(at.store);
  expect([fault, waiting, entries.size, heads.at(-1)!.size]).toEqual([undefined, 0, 120, 120]);
  const filed: string[] = [];
  for await (const { about, digest } of allStatements(at.store)) filed.push(statementKey(about, digest));
  expect([...entries.keys()].sort()).toEqual(filed.sort());
});

test('killed before, between and after: nothing that was filed stays out, nothing is logged that was not', async () => {
  const at = new Place();
  // queued, and its writer died before it was filed
  const never = statementKey('steps/9', `sha256:${'0'.repeat(64)}`);
  await at.store.objects.put(queuedKey(never), { bytes: Buffer.alloc(0) });
  const [one] = await at.file(0, 1);
  expect(await appendLog(at.store, signer)).toBe(1);
  // the appender died before it emptied the queue
  await at.store.objects.put(queuedKey(one), { bytes: Buffer.alloc(0) });
  const [two] = await at.file(1, 1);
  expect(await appendLog(at.store, signer)).toBe(1);
  const { entries, waiting } = await readLog(at.store);
  expect([[...entries.keys()], waiting]).toEqual([[one, two], 1]);
  await at.store.objects.delete(two);
  expect(await missingFrom(at.store, { entries })).toEqual([two]);
});

test('every flipped bit of a batch and of a key is told, and a batch that is gone, swapped, cut off or signed anew', async () => {
  const at = new Place();
  for (const n of [0, 2, 4]) {
    await at.file(n, 2);
    await appendLog(at.store, signer);
  }
  const { heads } = await readLog(at.store);
  const { objects } = at.objects;
  const whole = new Map(objects);
  const restore = () => whole.forEach((bytes, key) => objects.set(key, bytes));
  const bytes = whole.get(batchKey(2))!;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    const told = await orDamage(() => batchIn(at.store, flipped, 2));
    if (typeof told === 'string') continue;
    // an entry by another name: the tree tells
    expect(told.batch.entries).not.toEqual(JSON.parse(bytes.toString()).entries);
    objects.set(batchKey(2), flipped);
    expect(await at.fault()).toMatch(/00000002.json .* was changed: its entries do not have the root/);
  }
  restore();
  const keyBytes = whole.get(signingKeyPath(signer.keyid))!;
  for (let bit = 0; bit < 8 * keyBytes.length; bit++) {
    const flipped = Buffer.from(keyBytes);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    expect(() => signingKeyIn(flipped, signer.keyid, 'the key')).toThrow(/the key /);
  }
  restore();
  objects.delete(batchKey(2));
  expect(await at.fault()).toMatch(/00000002.json .* is missing: log\/batches\/00000003.json follows/);
  restore();
  objects.set(batchKey(2), whole.get(batchKey(3))!);
  objects.set(batchKey(3), whole.get(batchKey(2))!);
  expect(await at.fault()).toMatch(/00000002.json .* was changed: its entries do not have the root/);
  restore();
  // its end is gone: nothing inside tells, a head that was kept does
  objects.delete(batchKey(3));
  const cut = await readLog(at.store);
  expect(cut.fault).toBeUndefined();
  expect(parting(cut, heads[2].note, 'kept.txt')).toMatch(
    /has 4 entries; kept.txt was signed when it had 6: some were taken away/,
  );
  // by who has the key: the same statements in another order
  const forged = new Place();
  whole.forEach((one, key) => (key.startsWith('log/') ? undefined : forged.objects.objects.set(key, one)));
  expect(parting({ heads: [{ ...heads[0], root: Buffer.alloc(32) }, heads[1], heads[2]] }, heads[0].note, 'kept.txt')).toMatch(/are others than when/); // prettier-ignore
  expect(parting({ heads: [heads[2]] }, heads[0].note, 'kept.txt')).toMatch(/no head of the log has 2 entries/);
});

test('nothing is put upon a batch that cannot be believed', async () => {
  const at = new Place();
  await at.file(0, 1);
  await appendLog(at.store, signer);
  at.objects.objects.set(batchKey(1), Buffer.from('{}'));
  await at.file(1, 1);
  expect(await failure(appendLog(at.store, signer))).toMatchObject({ kind: 'verification' });
  expect((await readLog(at.store)).waiting).toBe(1);
});
