/** A Temporal client for the commands, and its errors in our words. */
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Connection } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import { ExitCode, FAILURE_PREFIX, HabsburgError } from '../common/errors.js';
import type { ErrorKind } from '../common/errors.js';
import { addSearchAttributes, openConnection, proxyVariable, SEARCH_ATTRIBUTES } from '../infra/namespace.js';
import type { TemporalSettings } from '../workers/connection.js';
import { sealedPayloads } from '../workers/sealed-payloads.js';

/** Connects within five seconds or says that it cannot. */
export async function connect(settings: TemporalSettings): Promise<Client> {
  const { address, tls, apiKey, metadata } = settings.connection;
  try {
    const connection = await openConnection({ address, tls, apiKey, metadata, connectTimeout: '5 seconds' });
    const { namespace, secret } = settings;
    return new Client({ connection, namespace, dataConverter: secret && sealedPayloads(secret, 'show') });
  } catch (error) {
    const proxy = proxyVariable(address);
    throw new HabsburgError(
      'unreachable',
      proxy
        ? `no Temporal server answers at ${address} through the proxy of ${proxy}; add its host to no_proxy, or correct TEMPORAL_ADDRESS`
        : `no Temporal server answers at ${address}; start one (habsburg dev) or set TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_TLS or TEMPORAL_API_KEY`,
      { cause: error },
    );
  }
}

/** The value of a payload that the server shows as it is, such as a heartbeat's. */
export async function openPayload<T>(client: Client, payload: Payload): Promise<T> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  let opened = [payload];
  for (const codec of payloadCodecs) opened = await codec.decode(opened);
  return payloadConverter.fromPayload<T>(opened[0]);
}

/** Registers our search attributes where they are missing; on a server that does not let us, says what to run. */
export async function ensureSearchAttributes(client: Client): Promise<void> {
  try {
    await addSearchAttributes(client.connection as Connection, client.options.namespace);
  } catch (error) {
    const { namespace } = client.options;
    if (isUnknownNamespace(error)) throw unknownNamespace(namespace, error);
    if (isPassing(error)) throw clientError('registering search attributes', error);
    const flags = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `--name ${name} --type ${type}`);
    throw new HabsburgError(
      'unreachable',
      `the server does not let us register search attributes; ask its operator to run: temporal operator search-attribute create ${flags.join(' ')}`,
      { cause: error },
    );
  }
}

/** Runs a client call; "not found", "cannot be reached" and refused updates become one sentence each. */
export async function call<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw clientError(what, error);
  }
}

export function clientError(what: string, error: unknown): unknown {
  if (error instanceof WorkflowNotFoundError)
    return new HabsburgError(
      'notFound',
      `the Temporal server knows no ${what} (never started there, or finished long ago); habsburg status lists what it knows`,
      { cause: error },
    );
  if (isUnknownNamespace(error)) return unknownNamespace((error as { namespace?: string }).namespace, error);
  if (isGrpcServiceError(error) || isGrpcServiceError((error as Error)?.cause)) {
    const { cause } = error as Error;
    const text = (cause as { details?: string } | undefined)?.details || (error as Error).message;
    const said = isPassing(error) ? 'does not answer' : 'refuses';
    return new HabsburgError('unreachable', `${what}: the Temporal server ${said} (${text})`, { cause: error });
  }
  const refused = innermost(error);
  if (refused !== error && refused instanceof Error) {
    const kind = String((refused as { type?: unknown }).type ?? '').replace(FAILURE_PREFIX, '');
    return new HabsburgError(kind in ExitCode ? (kind as ErrorKind) : 'failed', refused.message, { cause: error });
  }
  return error;
}

const isUnknownNamespace = (error: unknown): boolean =>
  error instanceof NamespaceNotFoundError ||
  ((error as { code?: number }).code === 5 && /namespace/i.test((error as Error).message));

function unknownNamespace(namespace: string | undefined, cause: unknown): HabsburgError {
  return new HabsburgError(
    'unreachable',
    `the Temporal server knows no namespace ${namespace ?? ''}; set TEMPORAL_NAMESPACE to one that it has, or make it: temporal operator namespace create --namespace ${namespace ?? 'NAME'}`,
    { cause },
  );
}

/** The sentence at the bottom of a chain of causes. */
export function reasonOf(error: unknown): string {
  const inner = innermost(error);
  return inner instanceof Error ? inner.message : String(inner);
}

function innermost(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner;
}

/**
 * Whether an error means "not now" rather than "no": the server restarts, no worker is up yet. A server that stops or has just
 * begun says that it knows no namespace, too.
 */
export function isPassing(error: unknown): boolean {
  if (error instanceof NamespaceNotFoundError) return true;
  const code =
    (error as { code?: number; cause?: { code?: number } })?.code ?? (error as { cause?: { code?: number } })?.cause?.code;
  const UNAVAILABLE = 14;
  const DEADLINE_EXCEEDED = 4;
  const CANCELLED = 1;
  return code === UNAVAILABLE || code === DEADLINE_EXCEEDED || code === CANCELLED;
}
