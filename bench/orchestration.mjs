// What a step costs beside its computing: two builds of this project take turns at one experiment with hardly anything to compute.
// usage: node bench/orchestration.mjs --against FOLDER [--turns 3] [--seeds 4] [--generations 20] [--compute]
// (FOLDER: another checkout, built. Default: every step is remembered, so that a turn is workflows, look-ups and documents alone;
// --compute: a turn begins with an empty store, and computes.)
// A turn has a server, workers and a home of its own. It lasts from the first document that it writes to the last; processor time is
// that of all its processes, their start included, and hardly moves where others use the machine.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    turns: { type: 'string', default: '3' },
    seeds: { type: 'string', default: '4' },
    generations: { type: 'string', default: '20' },
    compute: { type: 'boolean', default: false },
  },
});
if (values.against === undefined) throw new Error('--against FOLDER: the other checkout, built');
const trees = { this: fileURLToPath(new URL('..', import.meta.url)), other: resolve(values.against) };
const [seeds, generations] = [Number(values.seeds), Number(values.generations)];
const folder = mkdtempSync(join(tmpdir(), 'habsburg-orchestration-'));

writeFileSync(
  join(folder, 'e.yaml'),
  `schemaVersion: 1
name: orchestration
seeds: [${Array.from({ length: seeds }, (_, i) => i + 1)}]
generations: ${generations}
data: { train: grammar:zipf, block: 16, limit: { train: 8, valid: 4, test: 4 } }
tokenizer: { kind: bpe, vocabulary: 300 }
population:
  - name: opt
    base: { kind: scratch, architecture: { hidden: 8, layers: 1, heads: 1 } }
    start: previous
    training: { epochs: 1, batch: 8, learningRate: 1e-3 }
    decoding: { strategy: greedy }
    prompts: original
conditions: [{ name: replace, mixture: { kind: replace } }]
`,
);

/** A run of a tree to its end; returns its last lines. */
async function habsburg(tree, home, store) {
  const args = [join(tree, 'bin', 'habsburg.js'), 'run', join(folder, 'e.yaml'), '--home', home, '--store', store, '--quiet'];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HABSBURG|TEMPORAL)_/.test(name)));
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 1 << 26 });
  return /.*(computed|reused).*/.exec(stdout)?.[0] ?? stdout.slice(-300);
}

/** Seconds from the first to the last document below a folder. */
function secondsOf(documents) {
  const times = readdirSync(documents, { recursive: true })
    .map((name) => statSync(join(documents, name)))
    .filter((entry) => entry.isFile())
    .map(({ mtimeMs }) => mtimeMs);
  return (Math.max(...times) - Math.min(...times)) / 1000;
}

/** Processor seconds of all processes that this one has started and seen end, and that those have. */
function processorSeconds() {
  const fields = readFileSync('/proc/self/stat', 'utf8').replace(/.*\) /, '').split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const took = { this: [], other: [] };
const used = { this: [], other: [] };
try {
  const homeOf = (name, turn) => join(folder, `${name}-home-${turn}`);
  if (!values.compute)
    for (const [name, tree] of Object.entries(trees)) {
      console.log(`${name}: computing once, ${await habsburg(tree, homeOf(name, 'once'), join(folder, name))}`);
      rmSync(join(folder, name, 'names', 'experiments'), { recursive: true });
    }
  for (let turn = 1; turn <= Number(values.turns); turn++)
    for (const [name, tree] of turn % 2 ? Object.entries(trees) : Object.entries(trees).reverse()) {
      const store = join(folder, `${name}-store`);
      mkdirSync(store);
      if (!values.compute) cpSync(join(folder, name), store, { recursive: true });
      const before = processorSeconds();
      const said = await habsburg(tree, homeOf(name, turn), store);
      const seconds = secondsOf(join(store, 'names', 'experiments'));
      took[name].push(seconds);
      used[name].push(processorSeconds() - before);
      console.log(`turn ${turn} ${name}: ${seconds.toFixed(2)} s, processors ${used[name].at(-1).toFixed(1)} s, ${said}`);
      rmSync(store, { recursive: true });
      rmSync(homeOf(name, turn), { recursive: true });
    }
  const all = seeds * (generations + 1);
  for (const [name, list] of Object.entries(took)) console.log(`${name}: median ${median(list).toFixed(2)} s, ${(all / median(list)).toFixed(1)} generations a second`); // prettier-ignore
  for (const [what, of] of Object.entries({ speed: took, 'processor time': used })) {
    const ratios = of.this.map((seconds, i) => (of === took ? of.other[i] / seconds : seconds / of.other[i]));
    console.log(
      `${what}, ${of === took ? 'this / other' : 'of other'}: ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
