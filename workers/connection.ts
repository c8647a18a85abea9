/** Where the Temporal server is: the environment and profile file as Temporal's own CLI reads them, or an embedded server's address. */
import { loadClientConfigProfile, loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { homedir } from 'node:os';
import { HabsburgError } from '../common/errors.js';
import { readSecret } from '../infra/home.js';

export interface TemporalSettings {
  readonly namespace: string;
  readonly connection: NativeConnectionOptions & { readonly address: string };
  /** of an embedded server's home: what client and workers say to each other is sealed with it */
  readonly secret?: Uint8Array;
}

const DEFAULT_ADDRESS = 'localhost:7233';

/**
 * Whether the user points at a server of their own: TEMPORAL_ADDRESS, or a profile with an address.
 * @param options.environmentOnly no profile is looked at: the user has named the folder of an embedded server
 */
export function hasExternalServer(options: { environmentOnly?: boolean } = {}): boolean {
  if (process.env.TEMPORAL_ADDRESS) return true;
  if (options.environmentOnly) return false;
  const address = reading(() => loadClientConfigProfile().address);
  return address !== undefined && address !== DEFAULT_ADDRESS;
}

/** TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS*, TEMPORAL_PROFILE and the profile file. */
export function fromEnvironment(): TemporalSettings {
  const { connectionOptions, namespace } = reading(() => loadClientConnectConfig());
  const address = connectionOptions.address ?? DEFAULT_ADDRESS;
  checkAddress(address, process.env.TEMPORAL_ADDRESS ? 'TEMPORAL_ADDRESS' : `address in ${profileFile()}`);
  return { namespace: namespace ?? 'default', connection: { ...connectionOptions, address } };
}

/**
 * The embedded server of a home.
 * @throws HabsburgError where the home's secret cannot be read: work for its server cannot be given, or taken, without
 */
export function embeddedServer(
  home: string,
  { address, namespace = 'default' }: { address: string; namespace?: string },
): TemporalSettings {
  return { ...plainServer(address, namespace), secret: readSecret(home) };
}

/** A server without TLS or credentials. */
export function plainServer(address: string, namespace = 'default'): TemporalSettings {
  checkAddress(address, '--address');
  return { namespace, connection: { address } };
}

/** @throws 'invalid', saying what is too much or missing, unless an address is `host:port` */
function checkAddress(address: string, setting: string): void {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(address)?.[0];
  const rest = address.slice(scheme?.length ?? 0).replace(/\/.*$/s, '');
  const advice = /:\d+$/.test(rest) ? rest : `${rest}:7233`;
  // never printed: what stands before an @ may be a password
  if (/[@?#\s]/.test(address))
    throw new HabsburgError(
      'invalid',
      `the address of a Temporal server is host:port (${setting}); credentials belong in TEMPORAL_API_KEY or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, never in the address`,
    );
  if (scheme !== undefined)
    throw new HabsburgError('invalid', `${setting} begins with ${scheme}; an address is HOST:PORT alone, so write ${advice}`);
  if (!/^(\[[\da-f:.]+\]|[^:\s/]+):\d{1,5}$/i.test(address))
    throw new HabsburgError('invalid', `${setting} is ${address}; an address is HOST:PORT alone, so write ${advice}`);
}

/** Where the profile file is, as Temporal's CLI looks for it. */
function profileFile(): string {
  const { TEMPORAL_CONFIG_FILE, XDG_CONFIG_HOME, APPDATA } = process.env;
  if (TEMPORAL_CONFIG_FILE) return TEMPORAL_CONFIG_FILE;
  const folder =
    process.platform === 'win32'
      ? APPDATA
      : process.platform === 'darwin'
        ? `${homedir()}/Library/Application Support`
        : (XDG_CONFIG_HOME ?? `${homedir()}/.config`);
  return `${folder}/temporalio/temporal.toml`;
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const [first] = (error as Error).message.split('\n');
    throw new HabsburgError(
      'invalid',
      `the Temporal settings in ${profileFile()} or in TEMPORAL_… variables are not usable: ${first}; mend them, set TEMPORAL_CONFIG_FILE to another file, or use the embedded server with --home`,
      { cause: error },
    );
  }
}
