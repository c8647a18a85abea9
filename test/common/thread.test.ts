/** Work in a thread: results, errors as they were, cancellation, and a loop that goes on beside it. */
import { describe, expect, test } from '@jest/globals';
import { inThread, openThread } from '../../common/thread.js';
import { isHabsburgError } from '../../common/errors.js';

const LANGUAGE = new URL('../../data/language.js', import.meta.url);
const PLAN = { vocabulary: 60_000, zipf: 1.5, seed: 1 };

describe('inThread', () => {
  test('gives what the function gives, while this thread goes on', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    const language = await inThread<Record<string, { words: string[] }>>(LANGUAGE, 'makeLanguage', PLAN);
    clearInterval(timer);
    expect(language.stop.words).toEqual(['.']);
    expect(ticks).toBeGreaterThan(5);
  });

  test('a HabsburgError stays one', async () => {
    const error: unknown = await inThread(new URL('../../common/text-file.js', import.meta.url), 'readTextFile', '/no/such').catch((e: unknown) => e); // prettier-ignore
    expect(isHabsburgError(error) && error.kind).toBe('notFound');
    expect((error as Error).message).toContain('/no/such');
  });

  test('an aborted signal stops it', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(inThread(LANGUAGE, 'makeLanguage', PLAN, stop.signal)).rejects.toThrow('enough');
  });
});

describe('openThread', () => {
  const KEPT = new URL('../../activities/measure.js', import.meta.url);

  test('answers call after call, keeps what its modules keep, and comes back after it was stopped', async () => {
    const thread = openThread();
    for (let i = 0; i < 3; i++) expect(await thread.call(KEPT, 'forget', undefined)).toBeUndefined();
    await expect(thread.call(KEPT, 'measure', { evaluation: { name: 'no', variant: 'no' } })).rejects.toThrow(/has no metric no/);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(thread.call(LANGUAGE, 'makeLanguage', PLAN, stop.signal)).rejects.toThrow('enough');
    const small = await thread.call<Record<string, { words: string[] }>>(LANGUAGE, 'makeLanguage', { ...PLAN, vocabulary: 200 });
    expect(small.stop.words).toEqual(['.']);
    await thread.close();
  });
});
