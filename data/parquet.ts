/** The column `text` of a Parquet file as lines. */
import { basename } from 'node:path';
import { HabsburgError, isHabsburgError } from '../common/errors.js';

/**
 * Rows in order, each ending in one "\n" whether the row has it (as WikiText's do) or not; an empty row is an empty line.
 * @throws 'invalid' where there is no column `text` of strings, 'verification' where the file is damaged
 */
export async function parquetText(path: string): Promise<string> {
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  let rows: Record<string, unknown>[];
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map((child) => child.element.name);
    if (!columns.includes('text'))
      throw new HabsburgError('invalid', `${basename(path)} has no column text; it has ${columns.join(', ')}`);
    rows = await parquetReadObjects({ file, metadata, columns: ['text'], compressors });
  } catch (error) {
    if (isHabsburgError(error)) throw error;
    throw new HabsburgError('verification', `${path} cannot be read as Parquet: ${(error as Error).message}`, { cause: error });
  }
  return rows
    .map(({ text }, row) => {
      if (typeof text !== 'string')
        throw new HabsburgError('invalid', `${basename(path)}: row ${row} of column text is no string`);
      return text.endsWith('\n') ? text : `${text}\n`;
    })
    .join('');
}
