/**
 * Memory and time of reading wide results: what `run` does at its end, `results` in every format, `report`, and Ctrl-C.
 *   npm run build && node bench/results.mjs [conditions 24] [seeds 4000] [generations 25] [name of one command]
 * Scores are invented and the store lies in a temporary folder. Linux alone: peak memory is VmHWM of /proc.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openArtifactStore } from '../dist/artifacts/open.js';
import { digestOf } from '../dist/common/canonical.js';
import { planDigest } from '../dist/spec/digest.js';
import * as documents from '../dist/spec/documents.js';
import { expand } from '../dist/spec/expand.js';
import { loadExperiment } from '../dist/spec/load.js';
import { MEASURES } from '../dist/kinds/chains/measures.js';

const OUTCOME = `
import { showOutcome } from './dist/cli/outcome.js';
import { untilInterrupted } from './dist/cli/interrupt.js';
import { loadExperiment } from './dist/spec/load.js';
const [, , file, store, home, json] = process.argv;
const { plan } = await loadExperiment(file);
const end = { experiment: plan.name, status: 'COMPLETED', result: { failed: 0, failures: [], generations: plan.generations, steps: { computed: 0, reused: 1 } } };
try {
  await untilInterrupted((signal) => showOutcome(end, plan, { store, home, json: json === 'json', signal }));
} catch (error) {
  if (error.exitCode === undefined) throw error;
  process.exit(error.exitCode);
}
`;

const [conditions, seeds, generations] = [24, 4000, 25].map((usual, i) => Number(process.argv[2 + i] ?? usual));
const only = process.argv[5];
const root = resolve(import.meta.dirname, '..');
const folder = await mkdtemp(join(tmpdir(), 'habsburg-results-'));
const store = join(folder, 'store');
try {
  const file = await invent();
  await writeFile(join(folder, 'outcome.mjs'), OUTCOME.replaceAll("'./dist", `'${root}/dist`));
  const cli = (...args) => [join(root, 'bin', 'habsburg.js'), ...args, 'wide', '--store', store];
  const outcome = (json) => [join(folder, 'outcome.mjs'), file, store, join(folder, 'home'), json];
  const commands = {
    'end of run': outcome(''),
    'end of run --json': outcome('json'),
    results: cli('results'),
    'results --format csv': cli('results', '--format', 'csv'),
    'results --format jsonl': cli('results', '--format', 'jsonl'),
    'results --json': cli('results', '--json'),
    report: cli('report', '--out', join(folder, 'page.html')),
  };
  console.log(`${conditions} conditions x ${seeds} seeds x ${generations} generations x ${MEASURES.gaussian.length} measures`);
  for (const [name, args] of Object.entries(commands)) {
    if (only && name !== only) continue;
    console.log(name.padEnd(24), describe(await measured(args)));
    if (name === 'end of run' || name === 'results --format csv')
      console.log(`${name}, Ctrl-C`.padEnd(24), describe(await measured(args, 2000)));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function describe({ code, seconds, megabytes, answered }) {
  const told = answered === undefined ? '' : `, ${answered.toFixed(1)} s after Ctrl-C`;
  return `exit ${code}, ${seconds.toFixed(1)} s${told}, ${megabytes.toFixed(0)} MB at most`;
}

/** Runs node with the arguments; Ctrl-C after so many milliseconds. */
async function measured(args, interruptAfter) {
  const started = performance.now();
  const out = await open('/dev/null', 'w');
  const child = spawn(process.execPath, args, { stdio: ['ignore', out.fd, 'inherit'] });
  let megabytes = 0;
  let interrupted;
  let code;
  const ended = new Promise((done) => child.on('exit', (status, signal) => done((code = status ?? signal))));
  const interruption =
    interruptAfter &&
    setTimeout(() => {
      interrupted = performance.now();
      child.kill('SIGINT');
    }, interruptAfter);
  while (code === undefined) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    megabytes = Math.max(megabytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    await Promise.race([ended, sleep(50)]);
  }
  clearTimeout(interruption);
  await out.close();
  const now = performance.now();
  const answered = interrupted === undefined ? undefined : (now - interrupted) / 1000;
  return { code, seconds: (now - started) / 1000, megabytes, answered };
}

/** An experiment's documents with invented scores; resolves to its file. */
async function invent() {
  const names = Array.from({ length: conditions }, (_, i) => `c${i + 1}`);
  const file = join(folder, 'wide.yaml');
  const lines = [
    'schemaVersion: 1',
    'name: wide',
    `seeds: { from: 1, count: ${seeds} }`,
    `generations: ${generations - 1}`,
    'population: [{ name: m, family: gaussian, sample: 10 }]',
    'conditions:',
    ...names.map((name) => `  - { name: ${name}, mixture: { kind: replace } }`),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const { plan } = await loadExperiment(file);
  const digest = planDigest(plan);
  const artifacts = openArtifactStore(store);
  await artifacts.writeName(documents.planName('wide', digest), {
    schema: documents.PLAN_SCHEMA,
    digest,
    plan,
    started: '2026-01-01T00:00:00.000Z',
  });
  await artifacts.writeName(documents.latestName('wide'), { schema: documents.LATEST_SCHEMA, plan: digest });
  const scratch = join(folder, 'series');
  await mkdir(scratch);
  const ts = Array.from({ length: generations }, (_, t) => t);
  for (const run of expand(plan)) {
    const values = MEASURES.gaussian.map(() => ts.map(() => run.seeds.map(() => Math.random() + 1e-3)));
    const measures = MEASURES.gaussian.map(({ metric, variant, version }) => ({ metric, variant, version }));
    const series = { schema: 'habsburg.series/v1', seeds: run.seeds, generations: ts, n: ts.map(() => 10), measures, values };
    await writeFile(join(scratch, 'series.json'), JSON.stringify(series));
    const place = { experiment: 'wide', plan: digest, run: run.id };
    const write = (document) => artifacts.writeName(documents.documentName(document), document);
    const left = {
      model: { kind: 'model', digest: digestOf(run.id), size: 1 },
      series: await artifacts.publish('scores', scratch),
      steps: {},
    };
    const [stretch] = documents.stretches(run);
    await write({ schema: documents.GENERATION_SCHEMA, ...place, ...stretch, members: { m: left } });
    await write({ schema: documents.RUN_SCHEMA, ...place, status: 'done', generations: generations - 1 });
  }
  return file;
}
