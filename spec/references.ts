/** Conditions that papers draw as lines to compare with, by one word each: they stand for what a user would have written by hand. */
import { z } from 'zod';
import type { Problem } from './problems.js';
import { REAL_TEXT } from './real-text.js';

export const REFERENCES = ['zero-shot', 'random-weights', 'real-text', 'human'] as const;
type Reference = (typeof REFERENCES)[number];

export const referencesSchema = z
  .array(z.enum(REFERENCES))
  .min(1)
  .optional()
  .describe(
    'Conditions to compare with: zero-shot, the checkpoint as it came; random-weights, members from scratch before any training; real-text, human texts in place of what they would have written, for all metrics of written texts; human, real records alone in every generation, by the same training.',
  );

interface MemberWords {
  readonly name?: unknown;
  readonly base?: unknown;
  readonly family?: unknown;
}

interface Words {
  readonly references?: unknown;
  readonly population?: unknown;
  readonly conditions?: unknown;
}

/** The file with the conditions that its references stand for behind its own; as it is where it has none, or where these are no list. */
export function withReferences<T>(raw: T): T {
  const { references, conditions, population } = (raw ?? {}) as Words;
  if (!Array.isArray(references) || !Array.isArray(conditions) || !Array.isArray(population)) return raw;
  const known = (references as unknown[]).filter((word): word is Reference => REFERENCES.includes(word as Reference));
  return {
    ...raw,
    conditions: [...(conditions as unknown[]), ...known.map((word) => conditionOf(word, population as MemberWords[]))],
  };
}

function conditionOf(name: Reference, population: readonly MemberWords[]): object {
  const each = (members: readonly MemberWords[], settings: object) =>
    Object.fromEntries(members.map((member) => [String(member.name), settings]));
  if (name === 'human') {
    const mixture = [{ from: 'real' }];
    const own = population.filter((member) => Object.hasOwn(member, 'mixture'));
    // a condition's mixture is refused where every member has one of its own
    return {
      name,
      ...(own.length < population.length && { mixture }),
      ...(own.length > 0 && { override: each(own, { mixture }) }),
    };
  }
  const mixture = population.every((member) => Object.hasOwn(member, 'mixture')) ? {} : { mixture: { kind: 'replace' } };
  const override =
    name === 'real-text'
      ? each(population.filter(isLanguageModel), { writes: REAL_TEXT })
      : each(population.filter(isTrained), { generation0: { epochs: 0 } });
  return { name, generations: 0, ...mixture, override };
}

const isTrained = (member: MemberWords): boolean => Object.hasOwn(member, 'training');

const isLanguageModel = ({ family }: MemberWords): boolean => family === 'language-model';

/** A model that begins as somebody else has left it. */
function isCheckpoint({ base }: MemberWords): boolean {
  return typeof base === 'string' || (base as { kind?: unknown } | undefined)?.kind === 'checkpoint';
}

/** What is wrong with references that the grammar has let pass; that names are there twice is told of their conditions. */
export function checkReferences(raw: unknown): Problem[] {
  const { references = [], population } = raw as {
    readonly references?: readonly Reference[];
    readonly population: readonly MemberWords[];
  };
  return references.flatMap((word, i): Problem[] => {
    const path = ['references', i];
    if (word === 'human') return [];
    if (word === 'real-text') {
      const other = population.find((member) => !isLanguageModel(member));
      if (other === undefined) return [];
      return [{ path, message: `real-text stands in for what a language model writes, and ${String(other.name)} is none`, suggestion: 'remove it' }]; // prettier-ignore
    }
    const trained = population.filter(isTrained);
    if (trained.length === 0)
      return [
        { path, message: `${word} is a model without training, and no member of this file is trained`, suggestion: 'remove it' },
      ];
    const other = trained.find((member) => isCheckpoint(member) !== (word === 'zero-shot'));
    if (other === undefined) return [];
    return [
      word === 'zero-shot'
        ? { path, message: `zero-shot is a checkpoint as it came, and ${String(other.name)} begins from scratch`, suggestion: 'use random-weights' } // prettier-ignore
        : { path, message: `random-weights are of members from scratch, and ${String(other.name)} begins as a checkpoint`, suggestion: 'use zero-shot, or give a member base: {kind: scratch, config: …} of the checkpoint’s config.json' }, // prettier-ignore
    ];
  });
}
