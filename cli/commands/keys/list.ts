/** keys list: the keys of this place, and with a store those that it was signed with. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../../artifacts/open.js';
import { revocationsOf } from '../../../artifacts/revocation.js';
import { signingKeyIds } from '../../../artifacts/signing-keys.js';
import { KEYS_OPTION, keysFolder, type KeysOptions } from '../../keys-option.js';
import { ownKeys } from '../../trust-option.js';
import { printJson } from '../../output.js';
import { withHome } from '../../session.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';

interface Options extends KeysOptions {
  readonly store?: string;
  readonly json?: boolean;
}

interface Listed {
  readonly keyid: string;
  /** of this place */
  readonly own: boolean;
  readonly usableFrom?: string;
  readonly usableUntil?: string;
  /** in the store */
  readonly revoked?: readonly { readonly reason: string; readonly by: string }[];
}

export function registerList(parent: Command): void {
  withHome(parent.command('list'))
    .description('the keys that this place signs or signed with, and those that a store was signed with')
    .option(...KEYS_OPTION)
    .option(...STORE_OPTION)
    .option('--json', 'print JSON')
    .action(execute);
}

async function execute(options: Options): Promise<void> {
  const folder = keysFolder(options);
  const own = ownKeys(folder);
  const listed = new Map<string, Listed>(own.map(({ keyid, usableFrom, usableUntil }) => [keyid, { keyid, own: true, usableFrom, ...(usableUntil && { usableUntil }) }])); // prettier-ignore
  const store = openArtifactStore(resolveStoreUrl(options.store));
  for await (const keyid of signingKeyIds(store)) {
    const revoked = (await revocationsOf(store, keyid)).map(({ reason, keyid: by }) => ({ reason, by }));
    listed.set(keyid, { ...(listed.get(keyid) ?? { keyid, own: false }), revoked });
  }
  const keys = [...listed.values()];
  if (options.json) return printJson('keys-list', { folder, store: store.objects.url, keys });
  const lines = keys.map((one) => `${one.keyid}  ${words(one)}\n`);
  process.stdout.write(
    lines.length > 0
      ? lines.join('')
      : `There is no key in ${folder}, and none in ${store.objects.url}; the first run makes one.\n`,
  );
}

function words({ own, usableFrom, usableUntil, revoked }: Listed): string {
  const whose = own ? `of this place, ${usableUntil === undefined ? `in use since ${usableFrom}` : `${usableFrom} to ${usableUntil}`}` : 'of somebody else'; // prettier-ignore
  const there = revoked === undefined ? '' : '; signed in the store';
  return `${whose}${there}${(revoked ?? []).map(({ reason, by }) => `; given up as ${reason}, by ${by.slice(0, 12)}`).join('')}`;
}
