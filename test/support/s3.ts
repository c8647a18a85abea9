/** The test S3 server as the artifact stores want it: options for `openStore`, and the folder where objects lie as files. */
import type { S3Options } from '../../artifacts/object-store-s3.js';
import { s3Server } from './servers.js';

export interface StoreS3 {
  readonly options: Required<Pick<S3Options, 'endpoint' | 'region' | 'credentials'>>;
  /** one folder a bucket, one file an object: a test can damage them */
  readonly folder: string;
  /** the server's process */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a server and makes `buckets` (names of three letters or more). */
export async function startS3ForTest(buckets: readonly string[]): Promise<StoreS3> {
  const server = await s3Server();
  for (const name of buckets) await server.bucket(name);
  const { endpoint, region, accessKey, secretKey, dir, pid } = server;
  return {
    options: { endpoint, region, credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } },
    folder: dir,
    pid,
    stop: () => server.stop(),
  };
}
