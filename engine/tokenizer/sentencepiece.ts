/**
 * SentencePiece's BPE (Kudo & Richardson 2018, arXiv:1808.06226) as tokenizer.json has it: spaces are ▁, a text begins with one,
 * and what the vocabulary lacks is written in bytes. There are no merges, only scores: of two neighbours those are joined first whose
 * union has the highest score, as in llama.cpp.
 */
import { sequence, type Json } from './tokenizer-json.js';

/**
 * Merges in order of rank: every split of a piece into two pieces, by the piece's score, highest first; its splits by the scores
 * of their parts, as transformers' reading of GGUF files has them.
 * @param scores one a token
 */
export function mergesOfScores(tokens: readonly string[], scores: readonly number[]): [string, string][] {
  const scoreOf = new Map(tokens.map((token, i) => [token, scores[i]]));
  const merges: { readonly pair: [string, string]; readonly score: number }[] = [];
  for (const [token, score] of scoreOf) {
    const characters = Array.from(token);
    const splits: [string, string][] = [];
    for (let i = 1; i < characters.length; i++) {
      const [left, right] = [characters.slice(0, i).join(''), characters.slice(i).join('')];
      if (scoreOf.has(left) && scoreOf.has(right)) splits.push([left, right]);
    }
    splits.sort((a, b) => scoreOf.get(b[0])! - scoreOf.get(a[0])! || scoreOf.get(b[1])! - scoreOf.get(a[1])!);
    for (const pair of splits) merges.push({ pair, score });
  }
  return merges.sort((a, b) => b.score - a.score).map(({ pair }) => pair);
}

/** @param prefixSpace whether a text begins with a space of its own, which decoding takes away again */
export function sentencePieceSteps(prefixSpace: boolean): { readonly normalizer: Json; readonly decoder: Json } {
  const replace = (from: string, content: string): Json => ({ type: 'Replace', pattern: { String: from }, content });
  return {
    normalizer: sequence('normalizers', ...(prefixSpace ? [{ type: 'Prepend', prepend: '▁' }] : []), replace(' ', '▁')),
    decoder: sequence(
      'decoders',
      replace('▁', ' '),
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      ...(prefixSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
    ),
  };
}
