/** Trust policies: who may sign what, and what is said of a file that says it wrongly. */
import { expect, test } from '@jest/globals';
import { parseTrust, policyText, refusal, trusting } from '../../signing/trust.js';
import { signer, signerNumber } from '../support/signer.js';

const pem = (n: number): string => signerNumber(n).publicKey.export({ type: 'spki', format: 'pem' }) as string;
const other = signerNumber(2);

test('a policy that keys policy prints trusts these keys in everything, and nobody else', () => {
  const policy = parseTrust(policyText([{ keyid: signer.keyid, publicKey: pem(1) }], 'The "Lab"'), 'trust.yaml');
  expect(policy.keys.get(signer.keyid)).toEqual({ name: 'The "Lab"' });
  expect(refusal(policy, signer.keyid, 'steps', 'finetune')).toBeUndefined();
  expect(refusal(policy, signer.keyid, 'log')).toBeUndefined();
  expect(refusal(policy, other.keyid, 'steps')).toBe(`the key ${other.keyid} is not among those that trust.yaml trusts`);
  expect(refusal(trusting([other.keyid], 'this place'), other.keyid, 'keys')).toBeUndefined();
});

test('a key may be let sign some things, and some steps', () => {
  const text = `schemaVersion: 1\nkeys:\n  - keyid: ${other.keyid}\n    may: [steps, log]\n    steps: [generate]\nunattested: [sha256:${'a'.repeat(64)}]\n`;
  const policy = parseTrust(text, 't.yaml');
  expect(refusal(policy, other.keyid, 'steps', 'generate')).toBeUndefined();
  expect(refusal(policy, other.keyid, 'steps', 'finetune')).toBe(
    `the key ${other.keyid} may not sign the step finetune, by t.yaml`,
  );
  expect(refusal(policy, other.keyid, 'sources')).toBe(`the key ${other.keyid} may not sign sources, by t.yaml`);
  expect([...policy.unattested]).toEqual([`sha256:${'a'.repeat(64)}`]);
});

test.each([
  ['schemaVersion: 1\nkeys:\n  - keyid: abc\n', 't.yaml:3: keys.0.keyid: expected a key id'],
  ['schemaVersion: 1\nkeys:\n  - name: me\n', 't.yaml:3: keys.0: give keyid, or publicKey'],
  [`schemaVersion: 1\nkeys:\n  - keyid: ${other.keyid}\n    may: [everything]\n`, 't.yaml:4: keys.0.may.0'],
  [`schemaVersion: 1\nkeys:\n  - keyid: ${other.keyid}\n    my: [steps]\n`, 't.yaml:3: keys.0: Unrecognized key'],
  [`schemaVersion: 1\nkeys:\n  - keyid: ${other.keyid}\n  - keyid: ${other.keyid}\n`, `t.yaml:4: the key ${other.keyid} is listed twice`],
  [`schemaVersion: 1\nkeys:\n  - keyid: ${other.keyid}\n    publicKey: |\n${pem(1).replace(/^/gm, '      ').trimEnd()}\n`, `t.yaml:3: keyid is not that of publicKey, which is ${signer.keyid}`],
  [`schemaVersion: 1\nkeys:\n  - publicKey: none\n`, 't.yaml:3: publicKey holds no Ed25519 public key'],
  ['schemaVersion: 1\nkeys: [\n', 't.yaml:3: '],
  ['keys: []\n', 't.yaml:1: schemaVersion'],
])('%#: a policy that is wrong is refused with its line', (text, message) => {
  expect(() => parseTrust(text, 't.yaml')).toThrow(message);
}); // prettier-ignore
