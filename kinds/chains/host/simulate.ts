/**
 * The job of the cheap families: moves the chains of a block of seeds on from one generation to another, one seed after the other,
 * and leaves their states and each member's measured values. A checkpoint holds the finished chains and the one under way.
 */
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HabsburgError } from '../../../common/errors.js';
import { isMeasured } from '../blocks.js';
import { SERIES_FILE, SERIES_SCHEMA } from '../../../spec/results.js';
import type { SeriesDocument } from '../../../spec/results.js';
import type { JobIo, JobReport, SimulateJob } from '../../host/types.js';
import { decode, encode } from './codec.js';
import { familyNamed } from './index.js';
import { ChainGroup, type GroupState } from './tied.js';

/** One line of state for each seed, in the order of the job's seeds. */
export const STATE_FILE = 'states.jsonl';
const PARTIAL_FILE = 'partial.json';

/** What a checkpoint holds beside the finished chains' states. */
interface Partial {
  readonly finished: number;
  /** [seed][generation][measure] of the finished chains; of several members the measures of each, one member after the other */
  readonly values: readonly (readonly (readonly (number | null)[])[])[];
  /** training records of the first seed, by generation and member */
  readonly n: readonly number[];
  /** the seed under way */
  readonly state?: GroupState;
  readonly row: readonly (readonly (number | null)[])[];
}

export async function simulate(job: SimulateJob, io: JobIo): Promise<JobReport> {
  const family = familyNamed(job.member.world.family);
  const parts = [job, ...(job.tied ?? [])];
  const text = job.text && { train: readFileSync(job.text.train, 'utf8'), test: readFileSync(job.text.test, 'utf8') };
  const states = join(job.outState, STATE_FILE);
  const measured: number[] = [];
  for (let t = job.from; t <= job.to; t++) if (isMeasured(t) || t === job.to) measured.push(t);

  const values: (readonly (readonly (number | null)[])[])[] = [];
  let n: number[] = [];
  let resumed: Partial | undefined;
  if (job.resume !== undefined) {
    resumed = decode(readFileSync(join(job.resume, PARTIAL_FILE), 'utf8')) as Partial;
    copyFileSync(join(job.resume, STATE_FILE), states);
    values.push(...resumed.values);
    n = [...resumed.n];
  } else {
    writeFileSync(states, '');
  }
  const given = job.state === undefined ? undefined : linesOf(join(job.state, STATE_FILE));
  const per = job.to - job.from + 1;
  for (const [index, seed] of job.seeds.entries()) {
    const line = given && (await given.next()).value;
    if (given && line === undefined)
      throw new HabsburgError('verification', `${job.state}: ${STATE_FILE} has fewer chains than the ${job.seeds.length} seeds`);
    if (index < values.length) continue;
    const midway = index === resumed?.finished ? resumed : undefined;
    const state = midway?.state ?? (line === undefined ? undefined : (decode(line) as GroupState));
    const group = new ChainGroup({ family, parts, from: job.from, seed, text }, state);
    const row: (readonly (number | null)[])[] = [...(midway?.row ?? [])];
    const sizes = index === 0 ? n : [];
    while (group.generation < job.to) {
      group.step();
      const t = group.generation;
      if (isMeasured(t) || t === job.to) {
        row.push(group.chains.flatMap((chain) => chain.measure()).map((value) => (Number.isFinite(value) ? value : null)));
        sizes.push(...group.chains.map(({ trained }) => trained));
      }
      if (t % 64 === 0 || per < 1000)
        io.progress({ phase: 'simulate', done: index * per + (t - job.from) + 1, total: job.seeds.length * per, unit: 'step' });
      if ((t % 16 === 0 || per < 1000) && io.checkpointDue()) {
        const partial: Partial = { finished: index, values, n, state: group.state, row };
        await io.checkpoint(async (folder) => {
          copyFileSync(states, join(folder, STATE_FILE));
          writeFileSync(join(folder, PARTIAL_FILE), encode(partial));
        });
      }
    }
    appendFileSync(states, `${encode(group.state)}\n`);
    values.push(row);
    io.progress({ phase: 'simulate', done: (index + 1) * per, total: job.seeds.length * per, unit: 'step' });
  }
  parts.forEach(({ outSeries }, member) => {
    const first = member * family.measures.length;
    writeSeries(join(outSeries, SERIES_FILE), {
      schema: SERIES_SCHEMA,
      seeds: [...job.seeds],
      generations: measured,
      n: measured.map((_, g) => n[g * parts.length + member]),
      measures: family.measures.map(({ metric, variant, version }) => ({ metric, variant, version })),
      values: family.measures.map((_, m) => measured.map((_t, g) => values.map((row) => row[g][first + m]))),
    });
  });
  return { chains: job.seeds.length, generations: per * job.seeds.length };
}

/** A line for each measure and generation, so that the file can be read and compared by eye. */
function writeSeries(file: string, { values, ...head }: SeriesDocument): void {
  const out = openSync(file, 'w');
  writeSync(out, `${JSON.stringify(head).slice(0, -1)},\n"values":[\n`);
  values.forEach((generations, m) => {
    writeSync(out, `[\n${generations.map((seeds) => JSON.stringify(seeds)).join(',\n')}]${m < values.length - 1 ? ',' : ''}\n`);
  });
  writeSync(out, ']}\n');
  closeSync(out);
}

function linesOf(file: string): AsyncIterator<string> {
  if (!existsSync(file)) throw new HabsburgError('verification', `${file} is missing from the state of the chains`);
  return createInterface({ input: createReadStream(file), crlfDelay: Infinity })[Symbol.asyncIterator]();
}
