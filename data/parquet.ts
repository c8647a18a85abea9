/** A Parquet file as lines: its column `text`, or each row as a JSON object. */
import { basename } from 'node:path';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';

/** Whether a path is read as Parquet. */
export const isParquet = (path: string): boolean => path.endsWith('.parquet');

/**
 * Rows in order, each ending in one "\n" whether the row has it (as WikiText's do) or not; an empty row is an empty line. A row group
 * at a time.
 * @param records rows with all their columns, nested ones too, a JSON object a line, in place of one column
 * @throws 'invalid' where there is no column `text` of strings, 'verification' where the file is damaged
 */
export async function* parquetPieces(path: string, records = false): AsyncGenerator<string, void, undefined> {
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const damaged = (error: unknown): never => {
    if (isHabsburgError(error)) throw error;
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw fromSystemError(error, path);
    throw new HabsburgError('verification', `${path} cannot be read as Parquet: ${(error as Error).message}`, { cause: error });
  };
  const open = async () => {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map((child) => child.element.name);
    if (!records && !columns.includes('text'))
      throw new HabsburgError('invalid', `${basename(path)} has no column text; it has ${columns.join(', ')}${columns.length > 1 ? '. A data.template makes texts of other columns' : ''}`); // prettier-ignore
    return { file, metadata };
  };
  const { file, metadata } = await open().catch(damaged);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const rows: Record<string, unknown>[] = await parquetReadObjects({ file, metadata, ...(!records && { columns: ['text'] }), compressors, rowStart, rowEnd }).catch(damaged); // prettier-ignore
    yield rows.map((row, i) => (records ? `${JSON.stringify(row, plain)}\n` : lineOf(row.text, rowStart + i, path))).join('');
    rowStart = rowEnd;
  }
}

/** What JSON has no word for: 64-bit whole numbers become numbers, bytes are left out. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Uint8Array ? undefined : value;
}

function lineOf(text: unknown, row: number, path: string): string {
  if (typeof text !== 'string') throw new HabsburgError('invalid', `${basename(path)}: row ${row} of column text is no string`);
  return text.endsWith('\n') ? text : `${text}\n`;
}
