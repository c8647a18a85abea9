/** Parses over an encoder's states as columns, a row a text. */
import type { EncodeOptions } from '../../engine/encoders/encoder.js';
import { columnsOf, type ParseColumns } from '../table.js';
import { loadEncodedParser } from './parser.js';

/**
 * @param folder the encoder's
 * @param most sentences, after which texts are left without a parse; default: all
 */
export async function parseTextsOver(
  folder: string,
  texts: readonly string[],
  options: EncodeOptions,
  most = Infinity,
): Promise<ParseColumns> {
  const parser = await loadEncodedParser(folder);
  return columnsOf(await parser.parse(texts, options, most));
}
