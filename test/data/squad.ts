/** A Parquet file as the Hub has SQuAD's: columns of texts, and one of structures of lists. */
import { parquetWriteBuffer } from 'hyparquet-writer';

export interface SquadRow {
  readonly context: string;
  readonly question: string;
  readonly answers: { readonly text: readonly string[]; readonly answer_start: readonly number[] };
}

const text = (name: string) => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }) as const;
const list = (name: string, element: object) =>
  [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { ...element, name: 'element', repetition_type: 'OPTIONAL' },
  ] as const;

export function squadParquet(rows: readonly SquadRow[]): Buffer {
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: 'context', data: rows.map(({ context }) => context) },
      { name: 'question', data: rows.map(({ question }) => question) },
      {
        name: 'answers',
        data: rows.map(({ answers: { text, answer_start } }) => ({ text, answer_start: answer_start.map(BigInt) })),
      },
    ],
    schema: [
      { name: 'root', num_children: 3 },
      text('context'),
      text('question'),
      { name: 'answers', repetition_type: 'OPTIONAL', num_children: 2 },
      ...list('text', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }),
      ...list('answer_start', { type: 'INT64' }),
    ] as never,
  });
  return Buffer.from(bytes);
}
