/** What a reader asks of results: each metric answers one of these, and pages, terminals and lists show them in this order. */

export const GROUPS = {
  real: { title: 'Real data', asks: 'How well does a model know real data, how near is what it writes?' },
  diversity: { title: 'Diversity', asks: 'How varied is what it writes?' },
  tail: { title: 'Tail', asks: 'Is what is rare still written, and what becomes of the unlikely?' },
  meaning: { title: 'Meaning', asks: 'How varied is what it is about, how near to real texts?' },
  syntax: { title: 'Syntax', asks: 'How varied are its sentences?' },
  quality: { title: 'Quality', asks: 'Does it repeat itself, is it readable, is it right?' },
  other: { title: 'The rest', asks: '' },
} as const;

export type Group = keyof typeof GROUPS;

/** In order. */
export const GROUP_NAMES = Object.keys(GROUPS) as readonly Group[];
