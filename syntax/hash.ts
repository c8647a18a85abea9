/** Hashes of strings and features: 32-bit integers, the same on every machine. */

// taken once: looked up anew it can cost more than the multiplication
const { imul } = Math;

/** FNV-1a over UTF-16 units, finished as in MurmurHash3. */
export function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = imul(h ^ text.charCodeAt(i), 0x01000193);
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A feature's key from what came before and one part more; order matters. */
export function mix(h: number, part: number): number {
  h = imul(h ^ part, 0x9e3779b1);
  h ^= h >>> 15;
  h = imul(h, 0x85ebca6b);
  return h ^ (h >>> 13);
}
