/** Control characters of other people's making never reach a terminal; colours of ours do, where there is one. */
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { control, guardTerminal, isForPrograms, printable } from '../../cli/terminal.js';
import { habsburg } from './support.js';

test('what is not meant to be seen is shown, with our colours only where colours are wanted', () => {
  expect(printable('a\u001b[2Jb\u001b[31mc\n', false)).toBe('a␛[2Jb␛[31mc\n');
  expect(printable('\u001b[31mc\u001b[39m\u001b]0;t\u0007', true)).toBe('\u001b[31mc\u001b[39m␛]0;t␇');
  expect(printable('\u202egpj.exe\u009b2J', true)).toBe('⟨U+202E⟩gpj.exe⟨U+009B⟩2J');
});

test('a guarded stream lets our own cursor movements through, and is as before in the end', () => {
  const stream = new PassThrough({ encoding: 'utf8' });
  const undo = guardTerminal(stream);
  stream.write('\u001b[2J');
  control(stream, '\u001b[J');
  undo();
  stream.write('\u001b[K');
  expect(stream.read()).toBe('␛[2J\u001b[J\u001b[K');
});

test('output for programs says every character', () => {
  expect(
    [
      ['plan', 'x', '--json'],
      ['results', '--format=csv'],
      ['plan', 'x'],
    ].map(isForPrograms),
  ).toEqual([true, true, false]);
});

test('titles and file names, in tables and in errors', async () => {
  const plan = await habsburg('plan', 'curse-single-normal', '--set', 'title="\\e[2Jx"');
  expect(plan.out).toContain(': ␛[2Jx');
  expect(plan.out).not.toContain('\u001b');
  const missing = await habsburg('validate', 'no\u001b[2Jsuch\u202e.yaml');
  expect([missing.code, missing.err]).toEqual([4, expect.stringContaining('no␛[2Jsuch⟨U+202E⟩.yaml: no such experiment file')]);
  const option = await habsburg('validate', '--no\u001b[2J');
  expect(option.err).not.toContain('\u001b');
});
