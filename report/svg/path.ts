/** Path data for the three marks that the plots use: lines, bands and step outlines; and the markers of a series. */
import { coordinate } from '../html.js';

export type XY = readonly [x: number, y: number];

const at = ([x, y]: XY) => `${coordinate(x)},${coordinate(y)}`;

/** A line through points, broken nowhere. */
export function linePath(points: readonly XY[]): string {
  return points.map((point, i) => `${i === 0 ? 'M' : 'L'}${at(point)}`).join('');
}

/** The area between an upper and a lower edge over the same xs. */
export function bandPath(upper: readonly XY[], lower: readonly XY[]): string {
  return `${linePath(upper)}${[...lower]
    .reverse()
    .map((point) => `L${at(point)}`)
    .join('')}Z`;
}

/**
 * A histogram's outline from the base line up, over each bin and down again.
 * @param xs n + 1 bin edges in pixels
 * @param tops n bin tops in pixels
 */
export function stepPath(xs: readonly number[], tops: readonly number[], base: number): string {
  let path = `M${at([xs[0], base])}`;
  tops.forEach((top, i) => {
    path += `V${coordinate(top)}H${coordinate(xs[i + 1])}`;
  });
  return `${path}V${coordinate(base)}`;
}

/** Shapes tell series apart where colours cannot: circle, square, triangle, diamond, and again. */
export function markerPath(index: number, [x, y]: XY, r = 3.2): string {
  switch (index % 4) {
    case 0:
      return `M${at([x - r, y])}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`;
    case 1:
      return `${linePath([
        [x - r, y - r],
        [x + r, y - r],
        [x + r, y + r],
        [x - r, y + r],
      ])}Z`;
    case 2:
      return `${linePath([
        [x, y - 1.3 * r],
        [x + 1.2 * r, y + r],
        [x - 1.2 * r, y + r],
      ])}Z`;
    default:
      return `${linePath([
        [x, y - 1.4 * r],
        [x + 1.4 * r, y],
        [x, y + 1.4 * r],
        [x - 1.4 * r, y],
      ])}Z`;
  }
}
