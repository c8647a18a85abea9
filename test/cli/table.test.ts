import { describe, expect, test } from '@jest/globals';
import { formatCell, style, table, wantsColor } from '../../cli/table.js';

describe('tables', () => {
  test('numbers to the right, text to the left, no spaces at line ends', () => {
    expect(
      table(
        ['name', 'value', 'note'],
        [
          ['a', 1, 'x'],
          ['long name', 123.456, ''],
          ['b', null, null],
        ],
      ),
    ).toBe(['name       value  note', 'a              1  x', 'long name  123.5', 'b', ''].join('\n').trimEnd());
  });

  test('digits, forced alignment, wide characters', () => {
    expect(
      table(
        [{ title: 'k' }, { title: 'v', digits: 2 }, { title: 'right', right: true }],
        [
          ['日本', 3, 'x'],
          ['é', 10.5, 'y'],
        ],
      ),
    ).toBe(['k         v  right', '日本   3.00      x', 'é     10.50      y'].join('\n'));
  });

  test('text that a model wrote cannot move the cursor', () => {
    expect(table(['t'], [['a\u001b[2Jb\nc']])).toBe('t\na [2Jb c');
  });

  test.each([
    [1.23456, '1.235'],
    [34.0, '34'],
    [123456.789, '123457'],
    [0.00001234, '1.234e-5'],
    [NaN, '-'],
    [-Infinity, '-inf'],
    [true, 'true'],
  ])('%p', (value, text) => {
    expect(formatCell(value)).toBe(text);
  });

  test('colour where it is wanted', () => {
    expect(wantsColor({ isTTY: true }, {})).toBe(true);
    expect(wantsColor({ isTTY: false }, {})).toBe(false);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(wantsColor({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(wantsColor({ isTTY: false }, { FORCE_COLOR: '1' })).toBe(true);
    expect(wantsColor({ isTTY: true }, { FORCE_COLOR: '0' })).toBe(false);
    expect(style('bold', 'x', true)).toBe('\u001b[1mx\u001b[22m');
    expect(style('bold', 'x', false)).toBe('x');
    expect(table(['h'], [['x']], { color: true })).toBe('\u001b[1mh\u001b[22m\nx');
  });
});
