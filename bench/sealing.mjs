// What it costs to seal the payloads of an embedded server (workers/sealed-payloads.ts): microseconds a payload, and the share of an
// orchestration whose steps cost next to nothing, where that share is largest.
// usage: node bench/sealing.mjs [--seeds 20000] [--repeat 50]
// Runs an experiment of many small steps on a server of its own, takes every payload out of its workflows' histories, and opens and
// seals each of them --repeat times. The share counts each payload once sealed and once opened, as one that is not replayed is.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from '../dist/cli/temporal.js';
import { startDev } from '../dist/infra/dev.js';
import { embeddedServer } from '../dist/workers/connection.js';
import { sealedPayloads } from '../dist/workers/sealed-payloads.js';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '20000' }, repeat: { type: 'string', default: '50' } },
});
const folder = mkdtempSync(join(tmpdir(), 'habsburg-sealing-'));
const home = join(folder, 'home');
const file = join(folder, 'experiment.yaml');
writeFileSync(
  file,
  `schemaVersion: 1
name: sealing
seeds: { from: 1, count: ${values.seeds} } # 250 a step
generations: 1
population: [{ name: n, family: gaussian, sample: 2 }]
conditions: [{ name: replace, mixture: { kind: replace } }]
`,
);
const dev = await startDev({ home, slots: 2, threads: 1 });
try {
  const bin = resolve(import.meta.dirname, '..', 'bin', 'habsburg.js');
  const run = spawnSync(process.execPath, [bin, 'run', file, '--home', home, '--store', join(folder, 'store'), '--quiet']);
  if (run.status !== 0) throw new Error(`the run ended with ${run.status}: ${run.stderr}`);
  const settings = embeddedServer(home, dev);
  const client = await connect(settings);
  const payloads = [];
  let began = Infinity;
  let ended = 0;
  for await (const { workflowId, runId, startTime, closeTime } of client.workflow.list()) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    payloads.push(...events.flatMap((event) => payloadsIn(event)));
    began = Math.min(began, startTime.getTime());
    ended = Math.max(ended, closeTime.getTime());
  }
  await client.connection.close();

  const { open, seal } = await costs(sealedPayloads(settings.secret, 'refuse').payloadCodecs[0], payloads);
  const bytes = payloads.map(({ data }) => data.length).sort((a, b) => a - b);
  const seconds = (ended - began) / 1000;
  console.log(
    `${payloads.length} payloads in ${seconds.toFixed(1)} s of orchestration, of ${bytes[bytes.length >> 1]} bytes in the median, ${bytes.at(-1)} at most`,
  );
  console.log(
    `sealing one ${seal.toFixed(1)} µs, opening one ${open.toFixed(1)} µs: ${((payloads.length * (seal + open)) / seconds / 1e4).toFixed(2)} % of it`,
  );
} finally {
  await dev.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Every sealed payload in an event, wherever it stands. */
function payloadsIn(value) {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  if (value.data && Buffer.from(value.metadata?.encoding ?? '').toString() === 'binary/encrypted') return [value];
  return Object.values(value).flatMap(payloadsIn);
}

/** Microseconds a payload, in the mean, after one round that warms up. */
async function costs(codec, sealed) {
  const context = { type: 'workflow', namespace: 'default', workflowId: 'bench' };
  const opened = [];
  for (const payload of sealed) opened.push(...(await codec.decode([payload])));
  const mean = async (work) => {
    const from = performance.now();
    for (let i = 0; i < Number(values.repeat); i++) await work();
    return ((performance.now() - from) * 1000) / Number(values.repeat) / sealed.length;
  };
  const each = (list, work) => async () => {
    for (const one of list) await work([one]);
  };
  await each(opened, (one) => codec.encode(one, context))();
  return {
    seal: await mean(each(opened, (one) => codec.encode(one, context))),
    open: await mean(each(sealed, (one) => codec.decode(one))),
  };
}
