/** Records and templates in an experiment file: what they default to, and what is refused. */
import { expect, test } from '@jest/globals';
import { TEMPLATES } from '../../kinds/text/templates.js';
import { load, problems, SMALL } from './support.js';

const FILES = 'train: file:a.jsonl, valid: file:b.jsonl, test: file:c.jsonl';
const withData = (data: string, more: (text: string) => string = (text) => text): string =>
  more(SMALL.replace('data: { train: grammar:zipf, block: 16 }', `data: { ${data}, block: 16 }`));
const training = (settings: string) => (text: string) =>
  text.replace('learningRate: 1e-3 }', `learningRate: 1e-3, ${settings} }`);

test('a template makes rows of records, the loss is on the answer, and an answer ends where it ends', async () => {
  const { plan } = await load(withData(`${FILES}, template: alpaca`, training('packing: true, patience: 2')));
  expect(plan.data.text).toMatchObject({ packing: 'records', template: TEMPLATES.alpaca });
  const [member] = plan.population;
  expect(member.training).toMatchObject({ lossOn: 'answer', packing: 16, patience: 2 });
  expect(member.generation0).toEqual(member.training);
  expect(member.decoding).toMatchObject({ minNewTokens: 1, maxNewTokens: 16 });
  const own = await load(withData(`${FILES}, template: { format: "{q}: {output}" }`, training('lossOn: all')));
  expect(own.plan.data.text.template).toEqual({ format: '{q}: {output}' });
  expect(own.plan.population[0].training.lossOn).toBe('all');
  expect('packing' in own.plan.population[0].training).toBe(false);
});

test('fields of a template in columns of other names, of files and of the Hub', async () => {
  const fields = 'template: question, fields: { instruction: question, output: "answers.text[0]" }';
  const { plan } = await load(withData(`train: hf://owner/squad/plain_text@main, test: file:t.parquet, ${fields}`));
  expect(plan.data.text).toMatchObject({
    train: 'hf://owner/squad/plain_text@main#train',
    valid: 'hf://owner/squad/plain_text@main#validation',
    test: expect.stringMatching(/^file:.*t\.parquet$/),
    template: { ...TEMPLATES.question, fields: { instruction: 'question', output: 'answers.text[0]' } },
  });
});

test.each([
  [withData(`${FILES}, template: alpaca, fields: { outptu: a }`), ['e.yaml:5:99: data.fields.outptu: the template has no {outptu}; did you mean output?']], // prettier-ignore
  [withData(`${FILES}, template: alpaca, fields: { output: "a..b" }`), ['e.yaml:5:107: data.fields.output: "a..b" is no place in a record; write a name, or names and numbers: answers.text[0]']], // prettier-ignore
  [withData(`${FILES}, fields: { output: a }`), ['e.yaml:5:71: data.fields: "fields" has no effect without data.template; add data.template, or remove it']], // prettier-ignore
  [withData('train: grammar:zipf, template: alpaca'), ['e.yaml:5:16: data.train: is a text, and data.template makes rows of records; use file:PATH of a .jsonl or .parquet file, or hf://OWNER/NAME/CONFIG@REVISION']], // prettier-ignore
  [withData(`${FILES}, packing: records`), ['e.yaml:5:80: data.packing: records need a template; add data.template: alpaca']],
  [withData(`${FILES}, packing: bos-line, template: chatml`), ['e.yaml:5:80: data.packing: packs lines of text, not records; remove it or data.template']], // prettier-ignore
  [withData(`${FILES}, template: { format: "{output}" }`), ['e.yaml:5:91: data.template.format: begins with {output}; a prompt must stand before the answer']], // prettier-ignore
  [withData(`${FILES}, template: { format: "a {output}", noInputFormat: "a" }`), ['e.yaml:5:120: data.template.noInputFormat: has {output} 0 times; it says where the answer goes, once']], // prettier-ignore
  [withData(`${FILES}, template: alpacca`), ['e.yaml:5:81: data.template: unknown value "alpacca"; did you mean "alpaca"?']],
  [withData('train: grammar:zipf', training('lossOn: all')), ['e.yaml:11:58: population.0.training.lossOn: "lossOn" has no effect without data.template; add data.template, or remove it']], // prettier-ignore
  [withData('train: grammar:zipf', training('packing: true')), ['e.yaml:11:58: population.0.training.packing: "packing" has no effect without data.template; add data.template, or remove it']], // prettier-ignore
  [withData('train: grammar:zipf', training('patience: 0')), ['e.yaml:11:68: population.0.training.patience: must be at least 1, but is 0']], // prettier-ignore
])('case %#: refused by line and column', async (text, expected) => {
  expect(await problems(text)).toEqual(expected);
});
