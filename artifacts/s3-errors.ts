/** What an S3 failure means to a user: one sentence, the right kind, and nothing of the credentials that the SDK's errors carry. */
import { withoutCredentials } from '../common/credentials.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';

const REFUSED = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'CredentialsProviderError',
  'Forbidden',
  'XAdminUserNotFound',
]);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']);
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture']);
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage', 'ENOSPC', 'EDQUOT']);
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'TimeoutError',
  'NetworkingError',
  'RequestTimeout',
  'SlowDown',
  'ServiceUnavailable',
  'InternalError',
  // the request was cut or changed on its way
  'IncompleteBody',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly details?: { readonly httpStatus?: number; readonly code?: string };
}

/** The HTTP status behind an error of the SDK or of `s3Error`. */
export function statusOf(error: unknown): number | undefined {
  return (error as SdkError | undefined)?.$metadata?.httpStatusCode ?? (error as SdkError | undefined)?.details?.httpStatus;
}

/** The server's word for an error of the SDK or of `s3Error`, such as NoSuchUpload. */
export function codeOf(error: unknown): string | undefined {
  return (error as SdkError | undefined)?.details?.code ?? (error as SdkError | undefined)?.name;
}

/** A refusal may have been meant for a request that was changed on its way: it is final the second time. */
export function looksTwice(error: unknown): boolean {
  const status = statusOf(error);
  return status === 400 || status === 401 || status === 403;
}

/** What is not there, or there already, is said by the status alone where a request has no body to answer with: that is final. */
export function saysAll(error: unknown): boolean {
  return [404, 409, 412].includes(statusOf(error) ?? 0);
}

/** What came is no answer of an S3 server. @param what is wrong with it */
export function foreignAnswer(server: string, what: string): string {
  return `${server} does not answer as an S3 server does (${what}; is there a proxy or a log-in page in between?)`;
}

/** @param doing e.g. "writing a/b to s3://bucket" */
export function s3Error(
  error: unknown,
  doing: string,
  at: { readonly bucket: string; readonly endpoint?: string },
): HabsburgError {
  if (isHabsburgError(error)) return error;
  const { name = '', code = '', message = '' } = (error ?? {}) as SdkError;
  const status = statusOf(error);
  const details = { ...(status === undefined ? {} : { httpStatus: status }), ...(name === '' ? {} : { code: name }) };
  const server = at.endpoint === undefined ? 'AWS' : withoutCredentials(at.endpoint);
  // an error from another realm reaches us wrapped, its code only in the text
  const inText = /\b(E[A-Z_]{4,})\b/.exec(message)?.[1] ?? '';
  const is = (set: ReadonlySet<string>) => set.has(name) || set.has(code) || set.has(inText);
  // an answer without a body has no name
  const word = name === 'Unknown' || name === '' ? status : name;
  // never `cause: error`: it holds the request with its Authorization header
  const make = (kind: ConstructorParameters<typeof HabsburgError>[0], text: string) =>
    new HabsburgError(kind, `${doing}: ${text}`, { details });

  if (name === 'NoSuchBucket')
    return make(
      'notFound',
      `bucket ${at.bucket} does not exist at ${server}; create it (aws s3 mb s3://${at.bucket}) or name another`,
    );
  if (is(EXPIRED))
    return make(
      'invalid',
      `the credentials have expired (${name}); get new ones (aws sso login, or a new AWS_SESSION_TOKEN) and run again, finished steps are kept`,
    );
  if (is(SKEWED))
    return make(
      'invalid',
      `this machine's clock and that of ${server} differ too much (${name}); set the clock (it is ${new Date().toISOString()} here)`,
    );
  if (is(UNTRUSTED))
    return make(
      'invalid',
      `the certificate of ${server} is not trusted (${code || inText}); name its authority's file in NODE_EXTRA_CA_CERTS`,
    );
  if (code === 'EPROTO') return make('invalid', `${server} does not speak TLS; write http:// in place of https://`);
  if (status === 501 || status === 405 || name === 'NotImplemented')
    return make('invalid', `${server} does not know this call (${word}); use a store that does`);
  if (status === 401 || status === 403 || is(REFUSED)) {
    return make(
      'invalid',
      `${server} refuses access (${word}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) or AWS_PROFILE to an identity that may read and write the bucket`,
    );
  }
  if (/region is missing/i.test(message)) return make('invalid', 'no region is known; set AWS_REGION');
  if (status === 301 || name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed')
    return make('invalid', 'the bucket lies in another region; set AWS_REGION to it');
  if (status === 507 || is(FULL))
    return make('resources', `the store is full (${word}); free some space and run again, finished steps are kept`);
  if (
    is(NETWORK) ||
    (status !== undefined && status >= 500) ||
    status === 429 ||
    /\baborted\b|socket hang up|timed out/i.test(message)
  ) {
    return make(
      'unreachable',
      `${server} cannot be reached (${code || inText || word}); check that it runs and AWS_ENDPOINT_URL_S3 points to it`,
    );
  }
  // the SDK could not read the answer, or it gives no reason: a proxy's page, or an answer that was changed on its way
  if (/Deserialization error/.test(message)) return make('unreachable', foreignAnswer(server, message.split('\n')[0]));
  if (status !== undefined && (word === status || message === 'UnknownError'))
    return make('unreachable', foreignAnswer(server, `${status} without a reason`));
  return make('failed', `${name || 'the request failed'}${message && message !== name ? `: ${message}` : ''}`);
}
