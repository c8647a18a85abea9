/** A bucket that may be read and not written: `run` says so before anything starts; `validate` and `plan` write nothing. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { habsburg } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-write-'));
const before = { ...process.env };
let server: Server;
let written: string[];

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    const [status, code] = request.method === 'PUT' ? [403, 'AccessDenied'] : [404, 'NoSuchKey'];
    if (status === 403) written.push(request.url!.replace(/\?.*/, ''));
    response.writeHead(status, { 'content-type': 'application/xml', 'x-amz-request-id': '1' });
    response.end(request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code><Message>no</Message></Error>`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_REGION: 'us-east-1',
  });
});
beforeEach(() => {
  written = [];
});
afterAll(() => {
  process.env = before;
  server.close();
  server.closeAllConnections();
  rmSync(root, { recursive: true, force: true });
});

test('run', async () => {
  const home = join(root, 'home');
  const { code, out, err } = await habsburg('run', 'curse-single-normal', '--store', 's3://bucket/p', '--home', home);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(
    /^habsburg: writing store\.json to s3:\/\/bucket\/p: .* refuses access \(AccessDenied\); set AWS_ACCESS_KEY_ID/,
  );
  expect(new Set(written)).toEqual(new Set(['/bucket/p/store.json']));
  expect(existsSync(home)).toBe(false);
});

test.each(['validate', 'plan'])('%s', async (command) => {
  process.env.HABSBURG_STORE = 's3://bucket/p';
  const { code } = await habsburg(command, 'curse-single-normal');
  delete process.env.HABSBURG_STORE;
  expect([code, written]).toEqual([0, []]);
});
