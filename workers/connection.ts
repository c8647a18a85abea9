/** Where the Temporal server is: the environment and profile file as Temporal's own CLI reads them, or an embedded server's address. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { HabsburgError, isHabsburgError } from '../common/errors.js';

export interface TemporalSettings {
  readonly namespace: string;
  readonly connection: NativeConnectionOptions & { readonly address: string };
}

/** Whether the user points at a server of their own (TEMPORAL_ADDRESS or a profile with an address). */
export function hasExternalServer(): boolean {
  return Boolean(process.env.TEMPORAL_ADDRESS) || fromEnvironment().connection.address !== DEFAULT_ADDRESS;
}

const DEFAULT_ADDRESS = 'localhost:7233';

/** TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS*, TEMPORAL_PROFILE and the profile file. */
export function fromEnvironment(): TemporalSettings {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    return {
      namespace: namespace ?? 'default',
      connection: { ...connectionOptions, address: checkedAddress(connectionOptions.address ?? DEFAULT_ADDRESS) },
    };
  } catch (error) {
    if (isHabsburgError(error)) throw error;
    throw new HabsburgError(
      'invalid',
      `the Temporal settings in the environment or profile file are not usable: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** A server without TLS or credentials, such as the embedded one. */
export function plainServer(address: string, namespace = 'default'): TemporalSettings {
  return { namespace, connection: { address: checkedAddress(address) } };
}

/** An address is printed and sent; nobody's password may be in it. */
function checkedAddress(address: string): string {
  if (!/[@?#]/.test(address)) return address;
  throw new HabsburgError(
    'invalid',
    'the address of a Temporal server is host:port; credentials belong in TEMPORAL_API_KEY or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, never in the address',
  );
}
