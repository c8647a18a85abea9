/** What a frozen base's matrices are kept in: blocks of 8- or 4-bit integers, or 16-bit floats. */
export const PRECISIONS = ['8bit', '4bit', 'fp16'] as const;
export type Precision = (typeof PRECISIONS)[number];
