/** Markup that cannot be broken by what is put into it: elements are built from escaped text, never from strings glued together. */
import { visible } from './text.js';

/** Markup that is safe to place in a page; made only here and by functions that compose it. */
export class Markup {
  constructor(readonly html: string) {}
}

export type Child = Markup | string | number | undefined | false | readonly Child[];

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const VOID = new Set(['meta', 'br', 'hr', 'link', 'col', 'img']);

/** An HTML or SVG element. Strings are escaped and stripped of hidden characters; `true` attributes stand alone. */
export function el(name: string, attributes: Attributes = {}, ...children: readonly Child[]): Markup {
  let open = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    open += value === true ? ` ${key}` : ` ${key}="${escapeText(typeof value === 'number' ? coordinate(value) : value)}"`;
  }
  return new Markup(VOID.has(name) ? `${open}>` : `${open}>${render(children)}</${name}>`);
}

export function render(child: Child): string {
  if (child === undefined || child === false) return '';
  if (child instanceof Markup) return child.html;
  if (Array.isArray(child)) return child.map(render).join('');
  return escapeText(String(child));
}

/** A coordinate to a hundredth: sharp enough to print, short, and the same on every machine. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
