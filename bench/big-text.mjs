// A text of gigabytes through an experiment to its end: makes the text, validates, plans and runs, and says how long each step took and
// how much memory each kind of process held at the most.
// usage: node bench/big-text.mjs [--bytes 2147483648] [--blocks 2000 | --subset 0.001 | --sample 2000] [--folder FOLDER] [--keep]
// (--blocks: the first ones are packed, data.limit; --subset: lines by lot, data.subset; --sample: all of it is packed, and a member
// takes so many blocks by lot. Without --keep the text and the store are removed.)
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: String(2 ** 31) },
    blocks: { type: 'string' },
    subset: { type: 'string' },
    sample: { type: 'string' },
    folder: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'habsburg-big-'));
mkdirSync(folder, { recursive: true });
const file = (name) => join(folder, name);

/**
 * Words as natural text has them: frequencies by Zipf's law, with a tail that falls faster and goes on to three million words, so that
 * the vocabulary grows with the text.
 */
function writeText(path, bytes, seed) {
  const onsets = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'st', 'tr', 'sch', 'pl'];
  const vowels = ['a', 'e', 'i', 'o', 'u', 'ä', 'ö', 'ei', 'au', 'é'];
  const spell = (rank) => {
    let word = '';
    for (let rest = rank; rest > 0 || word === ''; rest = Math.floor(rest / 170)) word += onsets[rest % 17] + vowels[Math.floor(rest / 17) % 10]; // prettier-ignore
    return word;
  };
  const common = Array.from({ length: 20_000 }, (_, rank) => spell(rank));
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const word = () => {
    if (random() < 0.92) return common[Math.floor(20_000 ** random()) - 1];
    const u = random();
    return spell(Math.floor(20_000 * (1 - u * (1 - 150 ** -0.7)) ** (-1 / 0.7)));
  };
  const out = openSync(path, 'w');
  for (let left = bytes; left > 0;) {
    let part = '';
    while (part.length < 1 << 20) {
      if (random() < 0.9) for (let n = 5 + Math.floor(120 * random()); n > 0; n--) part += `${word()} `;
      part += '\n';
    }
    left -= writeSync(out, part);
  }
  closeSync(out);
}

const EXPERIMENT = `schemaVersion: 1
name: big-text
seeds: [1]
generations: 1
data:
  train: file:train.txt
  valid: file:valid.txt
  test: file:test.txt
  block: 64
  limit: { ${values.subset || values.sample ? '' : `train: ${values.blocks ?? 2000}, `}valid: 100, test: 100 }
${values.subset ? `  subset: { train: ${values.subset}, seed: 42 }\n` : ''}\
tokenizer: { kind: bpe, vocabulary: 2000 }
population:
  - name: opt
    base: { kind: scratch, architecture: { hidden: 32, layers: 1, heads: 2 } }
    training: { epochs: 1, batch: 16, learningRate: 1e-3 }
    start: previous
    prompts: original
${values.sample ? `    sample: ${values.sample}\n` : ''}\
    decoding: { strategy: greedy }
conditions: [{ name: replace, mixture: { kind: replace } }]
`;

/** Peak resident memory (VmHWM) of the processes below this one, MB by process, and what they are. */
const peaks = new Map();
function sample() {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      parents.set(Number(pid), { parent: field('PPid'), peak: field('VmHWM') / 1024, command });
    } catch {
      // it has ended
    }
  }
  const ours = (pid) => pid === process.pid || (parents.has(pid) && ours(parents.get(pid).parent));
  for (const [pid, { peak, command }] of parents) {
    if (pid === process.pid || !ours(pid)) continue;
    const before = peaks.get(pid);
    peaks.set(pid, { kind: kindOf(command) ?? before?.kind, peak: Math.max(peak, before?.peak ?? 0) });
  }
}

function kindOf(command) {
  if (command.includes('onnx-node/host')) return 'engine';
  if (command.includes('worker --queues workflow')) return 'workflow worker';
  if (command.includes('worker --queues')) return 'worker';
  if (command.includes('habsburg.js')) return 'command';
  return command.includes('server start-dev') ? 'Temporal server' : undefined; // a shell that watches over one of them
}

/** The steps in a store by when they began, of their statements. */
function steps(store) {
  const folder = join(store, 'statements', 'steps');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map(({ parentPath, path: old, name }) => {
      const { buildDefinition, runDetails } = JSON.parse(Buffer.from(JSON.parse(readFileSync(join(parentPath ?? old, name), 'utf8')).payload, 'base64').toString()).predicate; // prettier-ignore
      const { startedOn, finishedOn } = runDetails.metadata;
      const step = buildDefinition.buildType.split('/').at(-2);
      return { step, generation: buildDefinition.externalParameters.generation, startedOn, seconds: (Date.parse(finishedOn) - Date.parse(startedOn)) / 1000 }; // prettier-ignore
    })
    .sort((a, b) => (a.startedOn < b.startedOn ? -1 : 1));
}

async function habsburg(...args) {
  peaks.clear();
  const bin = fileURLToPath(new URL('../bin/habsburg.js', import.meta.url));
  const started = Date.now();
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  const timer = setInterval(sample, 250);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  console.log(`habsburg ${args[0]}: exit ${code}, ${((Date.now() - started) / 1000).toFixed(1)} s`);
  const most = new Map();
  for (const { kind, peak } of peaks.values()) if (kind) most.set(kind, Math.max(peak, most.get(kind) ?? 0));
  for (const [kind, peak] of [...most].sort((a, b) => b[1] - a[1])) console.log(`  ${peak.toFixed(0).padStart(6)} MB  ${kind}`);
  if (code !== 0) process.exitCode = 1;
}

if (!existsSync(file('train.txt'))) writeText(file('train.txt'), Number(values.bytes), 1);
writeText(file('valid.txt'), 2e6, 2);
writeText(file('test.txt'), 2e6, 3);
writeFileSync(file('e.yaml'), EXPERIMENT);
console.log(`a text of ${statSync(file('train.txt')).size} bytes`);
await habsburg('validate', file('e.yaml'));
await habsburg('plan', file('e.yaml'));
await habsburg('run', file('e.yaml'), '--home', file('home'), '--store', file('store'));
for (const { step, generation, seconds } of steps(file('store'))) console.log(`  ${seconds.toFixed(1).padStart(6)} s  generation ${generation} ${step}`); // prettier-ignore
if (!values.keep) rmSync(folder, { recursive: true, force: true });
