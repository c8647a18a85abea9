/** Who says so: strangers, keys that were given up, statements that were taken away, and a log that was changed. */
import { beforeEach, expect, test } from '@jest/globals';
import { appendLog, batchKey, readLog } from '../../artifacts/log.js';
import { revoke } from '../../artifacts/revocation.js';
import { sourceAbout, sourceStatement } from '../../artifacts/source.js';
import { makeStatement } from '../../artifacts/statement.js';
import { addStatement, statementKey } from '../../artifacts/statements.js';
import { stepName } from '../../artifacts/step-record.js';
import { readGraph } from '../../lineage/graph.js';
import { checkTrust, withoutExcused, type KeptHead } from '../../lineage/trust.js';
import { verifyLineage } from '../../lineage/verify.js';
import { parseTrust, trusting, type TrustPolicy } from '../../signing/trust.js';
import { signer, signerNumber } from '../support/signer.js';
import { Household } from './support.js';

const stranger = signerNumber(2);
const own = trusting([signer.keyid], 'this place');
let house: Household;
beforeEach(async () => {
  house = new Household();
  await house.live(2);
  await appendLog(house.store, signer);
});

async function told(policy: TrustPolicy = own, heads: readonly KeptHead[] = [], of = 'llama/2/model') {
  const found = await checkTrust(house.store, await readGraph(house.store), [house.made[of]], { policy, log: await readLog(house.store), heads }); // prettier-ignore
  return { ...found, said: found.verdicts.map(({ verdict, what }) => `${verdict}: ${what}`) };
}
const head = async (): Promise<KeptHead> => {
  const { note, size } = (await readLog(house.store)).heads.at(-1)!;
  return { from: 'kept.txt', note, size };
};
/** The same step, said again later. */
const again = (name: string, by = signer, attempt = 2) => {
  const facts = house.steps[name];
  return addStatement(house.store, stepName(facts.key), makeStatement({ ...facts, invocation: { ...facts.invocation, id: `a/b/c/1/${attempt}` } }), by); // prettier-ignore
};

test('what its own key signed and the log has is trusted; to who knows no key, nothing is', async () => {
  const { said, unlogged, gone, signedBy } = await told();
  expect([said, unlogged, gone]).toEqual([[], 0, []]);
  expect(Object.keys(signedBy)).toEqual([signer.keyid]);
  const nobody = await told(trusting([], 'this place'));
  expect(nobody.said.length).toBeGreaterThan(10);
  expect(new Set(nobody.verdicts.map(({ verdict, keyid }) => `${verdict} ${keyid}`))).toEqual(
    new Set([`untrusted ${signer.keyid}`]),
  );
});

test('a stranger’s statement, and one by a key that may not sign that step, are named with the step', async () => {
  await again('opt/1/texts', stranger);
  const { said, unlogged } = await told();
  expect(said).toEqual([expect.stringMatching(`^untrusted: who says it of the step generate ${house.steps['opt/1/texts'].key}: the key ${stranger.keyid} is not among`)]); // prettier-ignore
  expect(unlogged).toBe(1);
  const narrow = parseTrust(`schemaVersion: 1\nkeys:\n  - keyid: ${signer.keyid}\n  - keyid: ${stranger.keyid}\n    may: [steps]\n    steps: [finetune]\n`, 't.yaml'); // prettier-ignore
  expect((await told(narrow)).said).toEqual([expect.stringContaining('may not sign the step generate, by t.yaml')]);
  // of the same artifact, another's claim
  await addStatement(
    house.store,
    sourceAbout(house.made.people),
    sourceStatement(house.made.people, { name: 'ours', kept: true }),
    stranger,
  );
  expect((await told()).said).toContainEqual(expect.stringContaining(`of the source ${house.made.people.digest}`));
});

test('a key that was replaced stays believed in what the log had before; one that was stolen in what a kept head covers', async () => {
  const both = trusting([signer.keyid, stranger.keyid], 'this place');
  const kept = await head();
  await revoke(house.store, signer.keyid, 'replaced', stranger);
  await appendLog(house.store, stranger);
  expect((await told(both)).said).toEqual([]);
  await again('opt/1/texts'); // after it was given up
  expect((await told(both)).said).toEqual([expect.stringMatching(/^revoked: the step generate .* given up as replaced, and this stood not in the log before/)]); // prettier-ignore
  // revoked by who is not trusted: nothing changes
  expect((await told(trusting([signer.keyid], 'this place'))).said.filter((one) => one.startsWith('revoked'))).toEqual([]);

  await revoke(house.store, signer.keyid, 'compromised', signer);
  await appendLog(house.store, stranger);
  const doubted = await told(both);
  expect(new Set(doubted.verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['revoked']));
  expect(doubted.verdicts.length).toBeGreaterThan(10);
  const covered = await told(both, [kept]);
  expect(new Set(covered.verdicts.map(({ key }) => key))).toEqual(new Set([house.steps['opt/1/texts'].key]));
});

test('a statement that was taken away is named by the log; one of which another says the same is told', async () => {
  const { key } = house.steps['opt/1/texts'];
  const first = statementKey(stepName(key), (await readGraph(house.store)).steps.get(key)![0].statement);
  house.objects.objects.delete(first);
  expect((await told()).verdicts).toMatchObject([{ verdict: 'missing', key, what: expect.stringContaining(first) }]);
  await again('opt/1/texts');
  const { said, gone } = await told();
  expect([said, gone]).toEqual([[], [first]]);
});

test('a log that was changed, cut off, or written anew by who has the key', async () => {
  const kept = await head();
  await again('opt/1/texts');
  await appendLog(house.store, signer);
  const { objects } = house.objects;
  const whole = new Map(objects);
  objects.set(batchKey(1), whole.get(batchKey(2))!);
  expect((await told()).said).toContainEqual(expect.stringMatching(/^log: .*do not have the root/));
  objects.set(batchKey(1), whole.get(batchKey(1))!);
  expect((await told(own, [kept])).said).toEqual([]);
  for (const key of [...objects.keys()]) if (key.startsWith('log/batches/')) objects.delete(key);
  for (const place of (await readGraph(house.store)).statements) objects.set(`log/queue/${place.slice('statements/'.length)}`, Buffer.alloc(0)); // prettier-ignore
  await appendLog(house.store, signer);
  expect((await told()).said).toEqual([]);
  expect((await told(own, [kept])).said).toEqual(['log: kept.txt is the head of another log than this store\'s']); // prettier-ignore
  expect((await told(trusting([stranger.keyid], 'x'))).said).toContainEqual(
    expect.stringMatching(/^untrusted: who signed log\/batches/),
  );
});

test('a policy excuses what needs no statement of how it was made', async () => {
  const { key } = house.steps['opt/1/texts'];
  const { digest } = house.made['opt/1/texts'];
  for (const place of (await readGraph(house.store)).statements)
    if (place.includes(key.slice(7))) house.objects.objects.delete(place);
  const { verdicts } = await verifyLineage(house.store, await readGraph(house.store), [house.made['opt/2/model']]);
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['unattested']);
  expect(withoutExcused(verdicts, own)).toEqual(verdicts);
  expect(withoutExcused(verdicts, { ...own, unattested: new Set([digest]) })).toEqual([]);
});
