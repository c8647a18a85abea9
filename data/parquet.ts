/** The column `text` of a Parquet file as lines. */
import { basename } from 'node:path';
import { HabsburgError, isHabsburgError } from '../common/errors.js';

/**
 * Rows in order, each ending in one "\n" whether the row has it (as WikiText's do) or not; an empty row is an empty line. A row group
 * at a time.
 * @throws 'invalid' where there is no column `text` of strings, 'verification' where the file is damaged
 */
export async function* parquetPieces(path: string): AsyncGenerator<string, void, undefined> {
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const damaged = (error: unknown): never => {
    if (isHabsburgError(error)) throw error;
    throw new HabsburgError('verification', `${path} cannot be read as Parquet: ${(error as Error).message}`, { cause: error });
  };
  const open = async () => {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map((child) => child.element.name);
    if (!columns.includes('text'))
      throw new HabsburgError('invalid', `${basename(path)} has no column text; it has ${columns.join(', ')}`);
    return { file, metadata };
  };
  const { file, metadata } = await open().catch(damaged);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const rows: Record<string, unknown>[] = await parquetReadObjects({ file, metadata, columns: ['text'], compressors, rowStart, rowEnd }).catch(damaged); // prettier-ignore
    yield rows.map(({ text }, i) => lineOf(text, rowStart + i, path)).join('');
    rowStart = rowEnd;
  }
}

function lineOf(text: unknown, row: number, path: string): string {
  if (typeof text !== 'string') throw new HabsburgError('invalid', `${basename(path)}: row ${row} of column text is no string`);
  return text.endsWith('\n') ? text : `${text}\n`;
}
