/** Numbers, times and commands in sentences. */

/** "42 s", "3 min 5 s", "2 h 10 min", "3 days 4 h". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} days ${Math.floor((s % 86_400) / 3600)} h`;
}

/** "just now", "a minute ago", "4 minutes ago", "3 hours ago", "2 days ago". */
export function ago(then: Date, now = Date.now()): string {
  const minutes = Math.round((now - then.getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes === 1) return 'a minute ago';
  if (minutes < 60) return `${minutes} minutes ago`;
  const hours = Math.round(minutes / 60);
  if (hours === 1) return 'an hour ago';
  if (hours < 48) return `${hours} hours ago`;
  return `${Math.round(hours / 24)} days ago`;
}

/** "1 run", "2 runs". */
export const counted = (n: number, noun: string): string => `${n.toLocaleString('en')} ${plural(n, noun)}`;

export const plural = (n: number, noun: string): string => (n === 1 ? noun : `${noun}s`);

/** "a", "a and b", "a, b and c"; of many the first few and how many more. */
export function list(items: readonly string[], most = 5): string {
  if (items.length > most) return `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
}

/** A command as one can type it, in any usual shell: words that a shell would read otherwise stand in single quotes. */
export function shellCommand(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}
