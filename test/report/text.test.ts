import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clip, columns, shorten, visible, wrap } from '../../report/text.js';
import { HOSTILE } from './hostile.js';

describe('visible', () => {
  test('controls, overrides and lone surrogates get stand-ins, text stays', () => {
    expect(visible('a\u001b[2J\u0000\u007f\u009b')).toBe('a␛[2J␀␡⟨U+009B⟩');
    expect(visible('\u202eabc\u2069')).toBe('⟨U+202E⟩abc⟨U+2069⟩');
    expect(visible('x\ud800y')).toBe('x⟨U+D800⟩y');
    expect(visible('a\u200bb\ufeff\u{e0041}\uffff')).toBe('a⟨U+200B⟩b⟨U+FEFF⟩⟨U+E0041⟩⟨U+FFFF⟩');
    expect(visible('tab\tline\r\nnext\rover')).toBe('tab\tline\nnext␍over');
    expect(visible('العربية 👩‍👩‍👧 漢字 é')).toBe('العربية 👩‍👩‍👧 漢字 é');
  });

  test('nothing that moves a cursor or turns a line survives, in any text', () => {
    const dangerous = /[\p{Cc}\p{Cs}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE)), (text) => {
        expect(dangerous.test(visible(text).replace(/[\n\t]/g, ''))).toBe(false);
      }),
    );
  });
});

describe('lines', () => {
  test('wide characters take two columns, combining marks none', () => {
    expect([columns('abc'), columns('漢字'), columns('e\u0301'), columns('한국')]).toEqual([3, 4, 1, 4]);
  });

  test('no line is wider than asked, and nothing but white space is lost', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 2, max: 40 }), (raw, width) => {
        const text = visible(raw);
        const lines = wrap(text, width);
        for (const line of lines) expect(columns(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replace(/\s/gu, '')).toBe(text.replace(/\s/gu, ''));
      }),
    );
  });

  test('breaks at spaces where it can', () => {
    expect(wrap('the quick  brown\nfox', 9)).toEqual(['the quick', 'brown fox']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrap('', 5)).toEqual(['']);
  });

  test('clip counts characters, not code units', () => {
    expect(clip('👍👍👍', 3)).toBe('👍👍👍');
    expect(shorten('one\n two', 7)).toBe('one two');
    expect(shorten('👍👍👍👍', 3)).toBe('👍👍…');
    expect(clip('👍👍👍👍', 2)).toBe('👍👍 … (2 more characters)');
  });
});
