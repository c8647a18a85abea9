/** What was observed of every record, table by table as it is read: for what a mean over them hides. */
import type { ArtifactStore } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import { TABLE_FILE, parseTable, type Table } from '../data/table.js';
import { findPlan } from '../documents/plans.js';
import type { Which } from '../documents/plans.js';
import { readRuns } from '../documents/runs.js';
import { csvText } from './export.js';
import { leftOut } from './notes.js';

export interface RecordTable {
  readonly place: {
    readonly condition: string;
    readonly seed: number;
    readonly member: string;
    readonly generation: number;
    /** what was observed of which records, and under which model: likelihood/generated/first */
    readonly observation: string;
  };
  /** their ids in their dataset */
  readonly records: readonly string[];
  /** a number a record; one that is not finite is null in JSON and empty in CSV */
  readonly columns: Table['columns'];
}

export interface PerRecord {
  /** sentences about what is left out, as results have them */
  readonly notes: readonly string[];
  /** names of all observations of the plan's runs */
  readonly observations: readonly string[];
  /** by run, generation, member and observation; each is read when its turn comes */
  readonly tables: AsyncIterable<RecordTable>;
}

/**
 * @param observation only those whose name is this or begins with it and a slash: likelihood, likelihood/generated
 * @throws HabsburgError as `findPlan` and `readRuns` do, `notFound` where nothing of that name was observed
 */
export async function perRecord(
  store: ArtifactStore,
  experiment: string,
  { observation, ...which }: Which & { readonly observation?: string },
): Promise<PerRecord> {
  const found = await findPlan(store, experiment, which);
  const runs = await readRuns(store, found.plan, found.digest);
  const known = runs.flatMap(({ condition, seed, generations }) =>
    generations.flatMap(({ generation, members }) =>
      Object.entries(members).flatMap(([member, { tables: of = {} }]) =>
        Object.entries(of)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, { digest }]) => ({ place: { condition, seed, member, generation, observation: name }, digest })),
      ),
    ),
  );
  const names = [...new Set(known.map(({ place }) => place.observation))].sort();
  const isAsked = (name: string) =>
    observation === undefined || name === observation || name.startsWith(`${observation.replace(/\/$/, '')}/`);
  const asked = known.filter(({ place }) => isAsked(place.observation));
  if (asked.length === 0)
    throw new HabsburgError(
      'notFound',
      names.length === 0
        ? `nothing was observed record by record in ${experiment} yet; habsburg score ${experiment} does what its metrics need`
        : `no observation "${observation}" in ${experiment}; it has ${names.join(', ')}`,
    );
  async function* read(): AsyncIterable<RecordTable> {
    for (const { place, digest } of asked)
      yield { place, ...(await parseTable(await store.readFile(digest, TABLE_FILE), `${TABLE_FILE} of ${digest}`)) };
  }
  return { notes: leftOut(found), observations: names, tables: read() };
}

/** One JSON object a line; a table at a time. */
export async function* recordJsonLines(tables: AsyncIterable<RecordTable>): AsyncIterable<string> {
  for await (const { place, records, columns } of tables)
    yield records
      .map((record, i) => {
        const values = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]]));
        return `${JSON.stringify({ ...place, record, ...values })}\n`;
      })
      .join('');
}

const PLACE = ['condition', 'seed', 'member', 'generation', 'observation'] as const;

/**
 * A header and one line a row; a table at a time.
 * @throws HabsburgError 'invalid' where a table has other columns than the first: tables of one kind go into one file
 */
export async function* recordCsvLines(tables: AsyncIterable<RecordTable>): AsyncIterable<string> {
  let first: { readonly observation: string; readonly header: string } | undefined;
  for await (const { place, records, columns } of tables) {
    const header = `${[...PLACE, 'record', ...Object.keys(columns)].join(',')}\n`;
    if (first === undefined) yield header;
    first ??= { observation: place.observation, header };
    if (header !== first.header)
      throw new HabsburgError(
        'invalid',
        `${place.observation} has other columns than ${first.observation}; choose one with --observation, or take --format jsonl`,
      );
    const start = PLACE.map((name) => (typeof place[name] === 'number' ? String(place[name]) : csvText(place[name]))).join(',');
    const cell = (value: number) => (Number.isFinite(value) ? String(value) : '');
    const all = Object.values(columns);
    yield records
      .map((record, i) => `${start},${[csvText(record), ...all.map((column) => cell(column[i]))].join(',')}\n`)
      .join('');
  }
}
