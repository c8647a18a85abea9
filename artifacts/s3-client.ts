/** The S3 client: where it finds its server, and how often it asks. The SDK is loaded here, at the first request. */
import type { S3Client } from '@aws-sdk/client-s3';
import { HabsburgError } from '../common/errors.js';
import { looksTwice, s3Error, saysAll } from './s3-errors.js';

export type Sdk = typeof import('@aws-sdk/client-s3');

export interface S3Options {
  /** default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's endpoint_url, or AWS itself; others than AWS are addressed path-style */
  readonly endpoint?: string;
  /** default: AWS_REGION, AWS_DEFAULT_REGION, the profile's; us-east-1 where only an endpoint is known */
  readonly region?: string;
  /** default: the SDK's chain (environment, profile, instance role …) */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

export interface Connected {
  readonly sdk: Sdk;
  readonly client: S3Client;
  /** undefined: AWS itself */
  readonly endpoint?: string;
}

/** The endpoint that options or environment name; the profile's is known once connected. HabsburgError 'invalid' for one that is no URL. */
export function namedEndpoint(options: S3Options): string | undefined {
  const [name, endpoint] =
    options.endpoint !== undefined
      ? ['the endpoint', options.endpoint]
      : process.env.AWS_ENDPOINT_URL_S3
        ? ['AWS_ENDPOINT_URL_S3', process.env.AWS_ENDPOINT_URL_S3]
        : ['AWS_ENDPOINT_URL', process.env.AWS_ENDPOINT_URL];
  return endpoint ? checkedEndpoint(endpoint, name) : undefined;
}

function checkedEndpoint(endpoint: string, name: string): string {
  const wrong = (why: string) => new HabsburgError('invalid', `${name} ${why}`);
  // never repeated where it may hold credentials
  if (endpoint.includes('@'))
    throw wrong('holds credentials; they belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile');
  if (!/^https?:\/\//i.test(endpoint))
    throw wrong(`is ${JSON.stringify(endpoint)}; write http:// or https:// before it, as in http://127.0.0.1:9000`);
  if (!URL.canParse(endpoint)) throw wrong(`is ${JSON.stringify(endpoint)}, which is no URL; write it as http://127.0.0.1:9000`);
  return endpoint;
}

/** The SDK would warn on stderr, at length, where AWS_PROFILE and keys are both set; the profile is what counts (docs/cli.md). */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export async function connect(options: S3Options): Promise<Connected> {
  // the SDK warns about Node 20 on stderr; its user cannot act on that, we pin the version
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const endpoint = namedEndpoint(options) ?? (await profileEndpoint(sdk));
  const region = options.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const client = new sdk.S3Client({
    ...(endpoint ? { endpoint, forcePathStyle: !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname) } : {}),
    ...(region ? { region } : endpoint && !process.env.AWS_PROFILE ? { region: 'us-east-1' } : {}),
    ...(options.credentials ? { credentials: { ...options.credentials } } : {}),
    // several S3 servers refuse the SDK's default CRC32 headers; every artifact carries its SHA-256 anyway
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    retryStrategy: new Persistent(),
    logger: SILENT,
    requestHandler: { connectionTimeout: 4_000, socketTimeout: 60_000 },
  });
  return { sdk, client, endpoint };
}

/** endpoint_url of the profile in ~/.aws/config, which the SDK follows by itself, but without the path style that it needs. */
async function profileEndpoint(sdk: Sdk): Promise<string | undefined> {
  const { config } = new sdk.S3Client({});
  const lookUp = (config as { serviceConfiguredEndpoint?: () => Promise<string | undefined> }).serviceConfiguredEndpoint;
  const endpoint = await lookUp?.();
  return endpoint ? checkedEndpoint(endpoint, "the profile's endpoint_url") : undefined;
}

/** A request is sent so often before it counts as failed; two in ten lost makes that one in half a million. */
const TRIES = 8;
/** Nobody listens at that address: a server that starts again takes longer than this anyway. */
const TRIES_REFUSED = 4;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

interface Token {
  getRetryCount(): number;
  getRetryDelay(): number;
}
const token = (count: number, delay: number): Token => ({ getRetryCount: () => count, getRetryDelay: () => delay });

/**
 * Every request, each part of a large object too, is tried again for itself. The SDK's own strategy pays retries out of one purse
 * for all requests, which is empty after a while where a share of them is lost for good.
 */
class Persistent {
  acquireInitialRetryToken(): Promise<Token> {
    return Promise.resolve(token(0, 0));
  }

  refreshRetryTokenForRetry(last: Token, { error, errorType }: { error?: unknown; errorType: string }): Promise<Token> {
    const count = last.getRetryCount() + 1;
    const { kind } = s3Error(error, '', { bucket: '' });
    const passing = (kind === 'unreachable' && !saysAll(error)) || errorType === 'TRANSIENT' || errorType === 'THROTTLING';
    const refused = (error as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
    const tries = looksTwice(error) ? 2 : !passing ? 1 : refused ? TRIES_REFUSED : TRIES;
    if (count >= tries) return Promise.reject(error as Error);
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
    return Promise.resolve(token(count, pause * (0.5 + Math.random() / 2)));
  }

  recordSuccess(): void {
    // nothing is counted
  }
}
