/** Prompt templates: what a record becomes, its tokens against transformers', and what is refused by line. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { fillTemplate, labelsOf, packRows, parseRecords, promptRow, templateRow, type FieldRecord } from '../../data/template.js';
import { loadTokenizer } from '../../engine/tokenizer/files.js';
import { fieldsOf, parseFieldPath, parseTemplate, TEMPLATES, type TemplatePlan } from '../../kinds/text/templates.js';

const record = (fields: Record<string, unknown>): FieldRecord => ({ fields, where: 'x.jsonl:3' });
const textOf = (template: TemplatePlan, fields: Record<string, unknown>): string[] => {
  const { prompt, answer } = fillTemplate(template, record(fields));
  return [prompt.text, answer().text];
};

describe('a template', () => {
  test('alpaca, with and without input, as Stanford Alpaca’s train.py writes it', () => {
    expect(textOf(TEMPLATES.alpaca, { instruction: 'Add.', input: '1 2', output: '3' })).toEqual([
      'Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:',
      '3',
    ]);
    for (const fields of [{ input: '' }, {}, { input: null }])
      expect(textOf(TEMPLATES.alpaca, { instruction: 'Sing.', output: 'La', ...fields })[0]).toBe(
        'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\nSing.\n\n### Response:',
      );
  });

  test('braces, fields of any name, text behind the answer; a field’s own braces stay', () => {
    expect(textOf({ format: '{{"q": {q}}} { }\n{output}</a>' }, { q: '{output}', output: '{q}' })).toEqual([
      '{"q": {output}} { }\n',
      '{q}</a>',
    ]);
  });

  test.each([
    ['no place', /has \{output\} 0 times/],
    ['{a}{output}{output}', /has \{output\} 2 times/],
    ['{output} for {a}', /begins with \{output\}/],
  ])('%j is refused', (format, message) => {
    expect(parseTemplate(format)).toEqual({ problem: expect.stringMatching(message) });
  });

  test('fields in other places of a record, also inside lists', () => {
    const fields = { input: 'article', output: 'answers.text[1]' };
    const answers = { text: ['no', 'yes'] };
    expect(textOf({ ...TEMPLATES.summarize, fields }, { article: 'A.', answers, input: 'not this' })).toEqual([
      'Summarize the following text.\n### Text:\nA.\n### Summary:\n',
      'yes',
    ]);
    // whether there is an input is asked of that place, too
    expect(textOf({ ...TEMPLATES.question, fields: { input: 'context' } }, { input: 'x', instruction: 'Q', output: 'a' })[0]).toMatch(/^Answer the question\.\n/); // prettier-ignore
    expect(() => textOf({ ...TEMPLATES.summarize, fields }, { artcle: 'A.', answers })).toThrow(
      'x.jsonl:3: the template needs a text as field "input", which data.fields takes from "article"; the record has artcle, answers; did you mean artcle?',
    );
    for (const wrong of [{ text: [] }, { texts: ['a', 'b'] }, { text: 'ab' }, { text: { 1: 'b' } }, null, 'ab'])
      expect(() => textOf({ ...TEMPLATES.summarize, fields }, { article: 'A.', answers: wrong })).toThrow(/as field "output", which data.fields takes from "answers.text\[1\]"; the record has/); // prettier-ignore
    expect(() => textOf({ ...TEMPLATES.summarize, fields: { output: 'answers.test' } }, { input: 'A.', answers })).toThrow(
      'the record has text; did you mean text?',
    );
    expect(() => textOf(TEMPLATES.summarize, { inputs: 'A.', output: 'B' })).toThrow(
      'the record has inputs, output; with data.fields: {input: inputs} it is read from inputs',
    );
  });

  test.each([
    ['answers.text[0]', ['answers', 'text', 0]],
    ['a b', ['a b']],
    ['a[0][12].b', ['a', 0, 12, 'b']],
    ['.a', undefined],
    ['a..b', undefined],
    ['a.', undefined],
    ['[0].a', undefined],
    ['a[0]b', undefined],
    ['a[x]', undefined],
    ['a[', undefined],
    ['', undefined],
  ])('the path %j', (path, steps) => {
    expect(parseFieldPath(path)).toEqual(steps);
  });

  test('the fields of a template are those of both its forms', () => {
    expect(fieldsOf(TEMPLATES.alpaca)).toEqual(['instruction', 'input', 'output']);
    expect(fieldsOf({ format: '{a}{output}', noInputFormat: '{b}{output}{c}' })).toEqual(['a', 'output', 'b', 'c']);
  });

  test('a missing field is named with its line', () => {
    expect(() => textOf(TEMPLATES.chatml, { instruction: 'a', response: 'b' })).toThrow(
      'x.jsonl:3: the template needs a text as field "output"; the record has instruction, response',
    );
    expect(() => textOf(TEMPLATES.chatml, { instruction: 5, output: 'b' })).toThrow(
      /x.jsonl:3: .* a text as field "instruction"/,
    );
  });
});

test('records are lines; a broken one is named', () => {
  expect(parseRecords('{"a": "1"}\n\n{"a": "2\\u2028"}\n', 'f.jsonl')).toEqual([
    { fields: { a: '1' }, where: 'f.jsonl:1' },
    { fields: { a: '2\u2028' }, where: 'f.jsonl:3' },
  ]);
  expect(() => parseRecords('{"a": 1}\n{"a"', 'f.jsonl')).toThrow(/^f.jsonl:2: not valid JSON/);
  expect(() => parseRecords('[1]', 'f.jsonl')).toThrow(/^f.jsonl:1: a record is a JSON object/);
});

interface Golden {
  readonly template: TemplatePlan;
  readonly eos: number;
  readonly rows: { fields: Record<string, string>; prompt: number[]; input_ids: number[]; labels: number[] }[];
}

describe('tokens', () => {
  test.each(['smollm2', 'llama2', 'llama3', 'qwen2', 'opt'])('%s: prompt, row and labels are transformers’', async (name) => {
    const tokenizer = await loadTokenizer(`test/golden/tokenizers/${name}`);
    const goldens = (JSON.parse(await readFile('test/golden/templates.json', 'utf8')) as Record<string, Golden[]>)[name];
    expect(goldens.map(({ template }) => template)).toEqual([TEMPLATES.alpaca, TEMPLATES.chatml, { format: expect.any(String) }]);
    for (const { template, eos, rows } of goldens) {
      for (const { fields, prompt, input_ids, labels } of rows) {
        const options = { template, tokenizer, endTokens: [eos] };
        expect(promptRow(record(fields), options)).toEqual(prompt);
        const row = templateRow(record(fields), options);
        expect(row).toEqual({ tokens: input_ids, promptTokens: prompt.length });
        expect(Array.from(labelsOf(row, 'answer'))).toEqual(labels);
        expect(Array.from(labelsOf(row, 'all'))).toEqual(input_ids);
      }
    }
  });

  test('a special token’s name is special in the template and ordinary text in a field', async () => {
    const tokenizer = await loadTokenizer('test/golden/tokenizers/smollm2');
    const end = tokenizer.idOf('</s>')!;
    const fields = { instruction: 'say </s>', output: '</s>!' };
    const template = { format: '<s>{instruction}</s>{output}</s>' };
    const { tokens, promptTokens } = templateRow(record(fields), { template, tokenizer, endTokens: [end] });
    expect(tokens.filter((id) => id === end)).toHaveLength(2); // the template's own, of which the last is the end token
    expect(tokenizer.decode(tokens)).toBe('<s>say </s></s></s>!</s>');
    expect(promptRow(record(fields), { template, tokenizer, endTokens: [] })).toEqual(tokens.slice(0, promptTokens));
  });

  test('where answer and prompt would merge into one token they are encoded apart', async () => {
    const tokenizer = await loadTokenizer('test/golden/tokenizers/opt');
    const template = { format: 'h{output}' };
    const { tokens, promptTokens } = templateRow(record({ output: 'e other' }), { template, tokenizer, endTokens: [] });
    expect(tokenizer.encode('he other')).not.toEqual([...tokenizer.encode('h'), ...tokenizer.encode('e other')]);
    expect(tokens.slice(0, promptTokens)).toEqual([...tokenizer.prefix, ...tokenizer.encode('h')]);
    expect(tokens.slice(promptTokens)).toEqual(tokenizer.encode('e other'));
  });
});

test('packing joins rows, cuts them and leaves out what predicts nothing', () => {
  const rows = [[1, 2, 3], [4, 5, 6, 7, 8], [9]].map((row) => Int32Array.from(row));
  const labels = [[-100, 2, 3], [-100, -100, -100, 7, 8], [9]].map((row) => Int32Array.from(row));
  expect(packRows(rows, labels, 3)).toEqual({
    rows: [Int32Array.of(1, 2, 3), Int32Array.of(7, 8, 9)],
    labels: [Int32Array.of(-100, 2, 3), Int32Array.of(7, 8, 9)],
  });
  expect(packRows(rows, labels, 8).rows.map((row) => row.length)).toEqual([8]);
});
