/** Runs the command line as a user would, in folders of its own, and reads what a store holds. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactRef, ArtifactStore } from '../../artifacts/types.js';
import { CounterRng } from '../../common/philox.js';
import type { StepRecord } from '../../artifacts/step-record.js';
import { SELECTION_FILE, copyRecords, parseSelection, piecesOf } from '../../pool/selection.js';

export const TINY = fileURLToPath(new URL('./tiny.yaml', import.meta.url));
const BIN = fileURLToPath(new URL('../../bin/habsburg.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts `habsburg …args`; TEMPORAL_ADDRESS of the surrounding environment is not passed on.
 * @param bin of another installation
 */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string, bin = BIN): Running {
  const { TEMPORAL_ADDRESS: _, ...outer } = process.env;
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...outer, NODE_OPTIONS: '', ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { pid: child.pid!, finished, kill: (signal) => child.kill(signal) };
}

export function habsburg(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<Finished> {
  return start(args, env, cwd).finished;
}

/** As `habsburg`, failing loudly unless the exit code is 0; parses the last JSON line of stdout. */
export async function json<T>(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<T> {
  const { code, stdout, stderr } = await habsburg([...args, '--json'], env, cwd);
  if (code !== 0) throw new Error(`habsburg ${args.join(' ')} exited with ${code}:\n${stderr}\n${stdout}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

export interface RunOutcome {
  readonly status: string;
  readonly result: {
    readonly steps: { readonly computed: number; readonly reused: number };
    readonly runs: number;
    readonly failed: number;
    readonly generations: number;
  };
  readonly rows: readonly {
    readonly metric: string;
    readonly variant: string;
    readonly value: number;
    readonly seed: number;
    readonly generation: number;
    readonly condition: string;
    readonly member: string;
  }[];
}

/** Every finished step of a store: key -> digests of its outputs. */
export async function stepsOf(url: string): Promise<Map<string, { step: string; outputs: Record<string, string> }>> {
  const store = openArtifactStore(url);
  const steps = new Map<string, { step: string; outputs: Record<string, string> }>();
  for await (const name of store.listNames('steps/')) {
    const record = await store.readName<StepRecord>(name);
    steps.set(record!.key, {
      step: record!.step,
      outputs: Object.fromEntries(Object.entries(record!.outputs).map(([k, ref]) => [k, ref.digest])),
    });
  }
  return steps;
}

/** A folder below `cache` with the records of a dataset or a selection. */
export async function recordsIn(
  store: ArtifactStore,
  { kind, digest }: Pick<ArtifactRef, 'kind' | 'digest'>,
  cache: string,
): Promise<string> {
  const folder = join(cache, digest.slice('sha256:'.length));
  if (existsSync(folder)) return folder;
  if (kind !== 'selection') {
    await store.materialise(digest, folder);
    return folder;
  }
  const pieces = await piecesOf(digest, async (of) => parseSelection(await store.readFile(of, SELECTION_FILE), of));
  await mkdir(folder, { recursive: true });
  await copyRecords(pieces, (dataset) => recordsIn(store, { kind: 'dataset', digest: dataset }, cache), folder);
  return folder;
}

export async function temporaryFolder(name: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `habsburg-${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Upright bars of 16 x 16 pixels, as an IDX file. */
export function bars(count: number): Buffer {
  const rng = new CounterRng({ seed: 1, generation: 0, member: 'bars', step: 'test' });
  const pixels = Buffer.alloc(count * 256);
  for (let i = 0; i < count; i++) {
    const at = rng.integer(13, i);
    for (let y = 0; y < 16; y++) pixels.fill(150 + rng.integer(106, i, 1), i * 256 + y * 16 + at, i * 256 + y * 16 + at + 3);
  }
  const header = Buffer.alloc(16);
  [0x0803, count, 16, 16].forEach((number, i) => header.writeUInt32BE(number, 4 * i));
  return Buffer.concat([header, pixels]);
}
