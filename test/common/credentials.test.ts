/** No sentence repeats what belongs to nobody else. */
import { expect, test } from '@jest/globals';
import { withoutCredentials } from '../../common/credentials.js';

test.each([
  ["unknown command 's3://AKIA:hunter2@b/x'", "unknown command 's3://…@b/x'"],
  ['s3://AKIA:hun/ter+2@b and https://hf_token@host/x', 's3://…@b and https://…@host/x'],
  ['hf://imdb@0123abc, hf://owner/name@0123abc#train', 'hf://imdb@0123abc, hf://owner/name@0123abc#train'],
  ['http://127.0.0.1:9000 and mail@example.org, 3:4@5', 'http://127.0.0.1:9000 and mail@example.org, 3:4@5'],
])('%s', (text, shown) => {
  expect(withoutCredentials(text)).toBe(shown);
});
