import { describe, expect, test } from '@jest/globals';
import { STYLE } from '../../report/style.js';

/** Relative luminance of #rrggbb (WCAG 2.2). */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe('colours', () => {
  const palettes = STYLE.split(':root {')
    .slice(1)
    .map(
      (block) =>
        new Map([...block.split('}')[0].matchAll(/--([a-z0-9]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex])),
    );

  test.each([
    ['light', 0],
    ['dark', 1],
    ['print', 2],
  ])('every text and series colour can be read on the %s page (WCAG AA, 4.5)', (_, index) => {
    const palette = palettes[index];
    const names = ['ink', 'soft', 'note', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'];
    for (const name of names) expect([name, contrast(palette.get(name)!, palette.get('paper')!) >= 4.5]).toEqual([name, true]);
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
  });
});
