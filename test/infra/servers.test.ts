import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../infra/namespace.js';
import { isAlive } from '../../infra/process.mjs';
import * as contract from '../../workflows/contract.js';
import { SERVER_TIMEOUT_MS, s3Server, temporalServer, type TestS3, type TestTemporal } from '../support/servers.js';

describe('the development servers', () => {
  let temporal: TestTemporal;
  let s3: TestS3;
  beforeAll(async () => {
    [temporal, s3] = await Promise.all([temporalServer(), s3Server()]);
  }, SERVER_TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all([temporal.stop(), s3.stop()]);
    expect([isAlive(temporal.pid), isAlive(s3.pid)]).toEqual([false, false]);
  });

  test('Temporal has our search attributes and keeps closed workflows for 90 days', async () => {
    const connection = await Connection.connect({ address: temporal.address });
    const attributes = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    await connection.close();
    // 2 = Keyword, 3 = Int (temporal.api.enums.v1.IndexedValueType)
    expect(attributes.customAttributes).toMatchObject({
      HabsburgExperiment: 2,
      HabsburgRun: 2,
      HabsburgCondition: 2,
      HabsburgPhase: 2,
      HabsburgGeneration: 3,
      HabsburgSeed: 3,
    });
    expect(Number(config!.workflowExecutionRetentionTtl!.seconds)).toBe(90 * 24 * 3600);
  });

  test('what the server registers is what the workflows use', () => {
    const used = Object.values(contract.SEARCH_ATTRIBUTES).map(({ name, type }) => [name, type]);
    expect(Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, type.toUpperCase()])).toEqual(used);
  });

  test('Temporal serves its own page', async () => {
    const response = await fetch(temporal.uiUrl);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    await response.body?.cancel();
  });

  test('S3 refuses to overwrite with If-None-Match and gives back what was put', async () => {
    const Bucket = await s3.bucket();
    const client = new S3Client({
      endpoint: s3.endpoint,
      region: s3.region,
      forcePathStyle: true,
      credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
    });
    await client.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'first', IfNoneMatch: '*' }));
    await expect(
      client.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'second', IfNoneMatch: '*' })),
    ).rejects.toMatchObject({
      $metadata: { httpStatusCode: 412 },
    });
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'a/b' }));
    expect(await got.Body!.transformToString()).toBe('first');
    client.destroy();
  });
});
