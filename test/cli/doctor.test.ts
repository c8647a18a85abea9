import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode } from '../../cli/commands/doctor.js';
import { examine, type Finding } from '../../cli/doctor.js';
import { temporaryFolder } from '../support/servers.js';

describe('doctor', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const before = { ...process.env };
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    process.env = { ...before };
    folder.remove();
  });
  async function findings(env: NodeJS.ProcessEnv, store = 'file:///somewhere'): Promise<Record<string, Finding>> {
    const all = await examine({ home: join(folder.path, 'home'), store, env });
    return Object.fromEntries(all.map((finding) => [finding.check, finding]));
  }

  test('computes with onnxruntime and names what it looked at', async () => {
    const found = await findings(process.env);
    expect(found.engine).toMatchObject({ status: 'ok', detail: 'onnxruntime 1.30.0 computes on the CPU' });
    expect(found['Node.js']).toEqual({ check: 'Node.js', status: 'ok', detail: process.versions.node });
    expect(Object.values(found).filter(({ status, fix }) => status !== 'ok' && !fix)).toEqual([]);
  });

  test('names Hugging Face variables but never shows a value', async () => {
    const found = await findings({ ...process.env, HF_TOKEN: 'hf_secret', HF_ENDPOINT: 'https://hub.example' });
    expect(found['Hugging Face Hub'].detail).toBe('set: HF_TOKEN, HF_ENDPOINT');
    expect(JSON.stringify(found)).not.toMatch(/hf_secret|hub\.example/);
  });

  test('a server that does not answer is a failure of a service: exit code 5', async () => {
    process.env.TEMPORAL_ADDRESS = '127.0.0.1:9';
    const found = await findings(process.env);
    expect(found['Temporal server']).toMatchObject({ status: 'failed', service: true, detail: 'no answer from 127.0.0.1:9' });
    expect(exitCode(Object.values(found).filter(({ check }) => check !== 'packages'))).toBe(5);
  });

  test('without any way to a Temporal server it says what to install', async () => {
    const bin = join(folder.path, 'empty');
    mkdirSync(bin);
    const found = await findings({ PATH: bin, HABSBURG_CACHE: join(folder.path, 'cache') });
    expect(found['Temporal server']).toMatchObject({
      status: 'failed',
      fix: 'put temporal 1.8.2 on PATH, or install Go 1.26.4, or Python 3 with pip; or set TEMPORAL_ADDRESS',
    });
    expect(found['S3 server for tests'].status).toBe('note');
  });

  test('a failure of this machine outweighs one of a service', () => {
    const finding = (status: Finding['status'], service?: boolean): Finding => ({ check: 'x', status, detail: '', service });
    expect(exitCode([finding('ok'), finding('note')])).toBe(0);
    expect(exitCode([finding('failed', true), finding('ok')])).toBe(5);
    expect(exitCode([finding('failed', true), finding('failed')])).toBe(1);
  });
});
