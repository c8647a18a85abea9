/**
 * What a frozen base's matrices are kept in: blocks of 8- or 4-bit integers, 16-bit floats, or the numbers that bitsandbytes rounds them to
 * (bitsandbytes.ts).
 */
export const PRECISIONS = ['8bit', '4bit', 'fp16', 'nf4', 'nf4-double', 'llm-int8'] as const;
export type Precision = (typeof PRECISIONS)[number];
