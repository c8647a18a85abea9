/** What a file says of its sources: checked like any setting, found again by the source, and without its paths where others read it. */
import { expect, test } from '@jest/globals';
import { portablePlan } from '../../spec/digest.js';
import { expand } from '../../spec/expand.js';
import { claimAbout } from '../../spec/source-claims.js';
import { SMALL, load, problems } from './support.js';

const withClaims = (claims: string) => `${SMALL}sources: ${claims}\n`;

test('claims are in the plan and with each run, by the source that they are about', async () => {
  const claim = { source: 'grammar:zipf', name: 'Zipf', licence: 'CC0-1.0', uri: 'https://words.example/zipf', keep: true };
  const { plan } = await load(withClaims(`[${JSON.stringify(claim)}]`));
  expect(plan.claims).toEqual([claim]);
  expect(expand(plan)[0].claims).toEqual([claim]);
  expect((await load(SMALL)).plan).not.toHaveProperty('claims');
});

test('a local source is found from the file’s folder, and is named without it where others read the plan', async () => {
  const texts = 'data: { train: file:train.txt, valid: file:valid.txt, test: file:test.txt, block: 16 }';
  const yaml = withClaims('[{ source: file:valid.txt, licence: MIT }]').replace(/data: .*/, texts);
  const { plan } = await load(yaml);
  const { valid } = plan.data.text;
  expect(valid).toMatch(/^file:\/.*\/valid\.txt$/);
  expect(plan.claims).toEqual([{ source: valid, licence: 'MIT' }]);
  expect(portablePlan(plan).claims).toEqual([{ source: 'file:valid.txt', licence: 'MIT' }]);
});

test('of a dataset: one split’s own claim before that about all', () => {
  const all = { source: 'hf://owner/wiki/raw@main', licence: 'CC-BY-SA-4.0' };
  const test = { source: 'hf://owner/wiki/raw@main#test', licence: 'MIT' };
  const of = (source: string) => claimAbout(source, [all, test])?.licence;
  expect(of('hf://owner/wiki/raw@main')).toBe('CC-BY-SA-4.0');
  expect(of('hf://owner/wiki/raw@main#train')).toBe('CC-BY-SA-4.0');
  expect(of('hf://owner/wiki/raw@main#test')).toBe('MIT');
  expect(of('hf://owner/wiki/raw@v2#test')).toBeUndefined();
  expect(claimAbout('file:/a')).toBeUndefined();
});

test.each([
  ['of what is not read', '[{ source: grammar:zip }]', 'sources.0.source: is no source of this experiment; one of: grammar:zipf'],
  ['twice', '[{ source: grammar:zipf }, { source: grammar:zipf }]', 'sources.1.source: grammar:zipf is there twice'],
  [
    'in another spelling',
    '[{ source: grammar:zipf, license: MIT }]',
    'sources.0.license: unknown key "license"; did you mean "licence"?',
  ],
  ['over several lines', '[{ source: grammar:zipf, licence: "MIT\\nor not" }]', 'must be one line'],
  ['at no address', '[{ source: grammar:zipf, uri: words }]', 'sources.0.uri: '],
])('refused by place: a claim %s', async (_, claims, sentence) => {
  expect(await problems(withClaims(claims))).toEqual([expect.stringContaining(sentence)]);
});
