/** Prepares a namespace for us: search attributes that are missing, and how long closed workflows are kept. */
import { Connection } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';

/** The search attributes of our workflows, with their types as Temporal's CLI names them. */
export const SEARCH_ATTRIBUTES = {
  HabsburgExperiment: 'Keyword',
  HabsburgRun: 'Keyword',
  HabsburgCondition: 'Keyword',
  HabsburgPhase: 'Keyword',
  HabsburgGeneration: 'Int',
  HabsburgSeed: 'Int',
} as const;

/** temporal.api.enums.v1.IndexedValueType. */
const INDEXED_VALUE_TYPE = { Keyword: 2, Int: 3 };

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/**
 * The proxy variable that a connection to an address would go through, or undefined. Whatever they say, nothing goes through a proxy
 * to this machine itself.
 */
export function proxyVariable(address: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (LOOPBACK.test(address)) return undefined;
  // as @grpc/grpc-js looks for them
  return ['grpc_proxy', 'https_proxy', 'http_proxy'].find((name) => env[name]);
}

/** Opens a connection to a Temporal server. */
export function openConnection(options: ConnectionOptions & { readonly address: string }): Promise<Connection> {
  const direct = LOOPBACK.test(options.address) ? { channelArgs: { 'grpc.enable_http_proxy': 0 } } : {};
  return Connection.connect({ ...direct, ...options });
}

export interface NamespaceOptions {
  connection: ConnectionOptions & { readonly address: string };
  namespace: string;
  /** keep closed workflows this many days; unchanged if not given */
  retentionDays?: number;
  /** limit for the connection and for each call */
  timeoutMs?: number;
}

/**
 * Adds the search attributes that the namespace lacks and sets its retention. Rejects while the server does not serve the
 * namespace, so a caller that waits for a server calls it until it resolves.
 */
export async function prepareNamespace({
  connection: options,
  namespace,
  retentionDays,
  timeoutMs = 10_000,
}: NamespaceOptions): Promise<void> {
  const connection = await openConnection({ ...options, connectTimeout: timeoutMs });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, async () => {
      await addSearchAttributes(connection, namespace);
      if (retentionDays !== undefined) {
        const workflowExecutionRetentionTtl = { seconds: retentionDays * 86_400, nanos: 0 } as unknown as {
          seconds: never;
          nanos: number;
        };
        await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
      }
    });
  } finally {
    await connection.close();
  }
}

/** Adds the search attributes that the namespace lacks. */
export async function addSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, INDEXED_VALUE_TYPE[type]]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
}

/** Whether a Temporal server answers there. */
export async function answers(connection: ConnectionOptions & { readonly address: string }, timeoutMs = 3_000): Promise<boolean> {
  try {
    await (await openConnection({ ...connection, connectTimeout: timeoutMs })).close();
    return true;
  } catch {
    return false;
  }
}
