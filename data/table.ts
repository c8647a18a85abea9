/** The table that an observation leaves: table.parquet, a row a record, which pandas, DuckDB and Polars read as it is. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';

export const TABLE_FILE = 'table.parquet';

export type ColumnType = 'float64' | 'float32' | 'int32';
export type Column = Float64Array | Float32Array | Int32Array;

export interface Table {
  /** ids of the records, in the dataset's order */
  readonly records: readonly string[];
  /** each as long as `records` */
  readonly columns: Readonly<Record<string, Column>>;
  /** columns of text, each as long as `records`; absent: none */
  readonly texts?: Readonly<Record<string, readonly string[]>>;
}

const PARQUET = { float64: 'DOUBLE', float32: 'FLOAT', int32: 'INT32' } as const;
const RECORD = 'record';

function typeOf(column: Column): ColumnType {
  if (column instanceof Float64Array) return 'float64';
  return column instanceof Float32Array ? 'float32' : 'int32';
}

/** Equal tables give equal bytes. Numbers are written plainly: a dictionary would take -0 and 0 for one. */
export async function writeTable(folder: string, { records, columns, texts = {} }: Table): Promise<void> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  for (const [name, { length }] of [...Object.entries(columns), ...Object.entries(texts)])
    if (length !== records.length) throw new Error(`internal: column ${name} has ${length} rows for ${records.length} records`);
  const bytes = parquetWriteBuffer({
    createdBy: 'habsburg',
    codec: 'UNCOMPRESSED',
    columnData: [
      { name: RECORD, data: [...records], type: 'STRING', nullable: false },
      ...Object.entries(columns).map(([name, data]) => ({
        name,
        data,
        type: PARQUET[typeOf(data)],
        nullable: false,
        encoding: 'PLAIN' as const,
      })),
      ...Object.entries(texts).map(([name, data]) => ({ name, data: [...data], type: 'STRING' as const, nullable: false })),
    ],
  });
  await writeFile(join(folder, TABLE_FILE), new Uint8Array(bytes));
}

/** @throws HabsburgError 'verification' where the file is no table of ours */
export async function readTable(folder: string): Promise<Table> {
  const path = join(folder, TABLE_FILE);
  return parseTable(await readFile(path), path);
}

/** @param where it was read, for the error */
export async function parseTable(bytes: Uint8Array, where: string): Promise<Table> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  try {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const metadata = await parquetMetadataAsync(file);
    const types = metadata.schema.slice(1).map(({ name, type }) => [name, type] as const);
    const rows = (await parquetReadObjects({ file, metadata })) as Record<string, number | string>[];
    const columns: Record<string, Column> = {};
    const texts: Record<string, string[]> = {};
    for (const [name, type] of types) {
      if (name === RECORD) continue;
      if (type === 'BYTE_ARRAY') {
        texts[name] = rows.map((row) => String(row[name]));
        continue;
      }
      const values = rows.map((row) => row[name] as number);
      columns[name] =
        type === 'INT32' ? Int32Array.from(values) : type === 'FLOAT' ? Float32Array.from(values) : Float64Array.from(values);
    }
    const records = rows.map((row) => String(row[RECORD]));
    return Object.keys(texts).length === 0 ? { records, columns } : { records, columns, texts };
  } catch (cause) {
    throw new HabsburgError('verification', `${where} is not the table of an observation: ${(cause as Error).message}`, {
      cause,
    });
  }
}
