/** Every file of workflows/ and activities/ with logic has a test of its own name: one that is missing shows. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROOMS = ['activities', 'workflows'];

/** Files with logic that need none, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'activities/index.ts': 'names the activities and nothing else; tests of the loop would not start without one',
};

/** Whether a source says more than types, imports and what it hands on. */
function hasLogic(source: string): boolean {
  const { statements } = ts.createSourceFile('a.ts', source, ts.ScriptTarget.ES2022);
  return !statements.every(
    (one) =>
      ts.isImportDeclaration(one) ||
      ts.isExportDeclaration(one) ||
      ts.isInterfaceDeclaration(one) ||
      ts.isTypeAliasDeclaration(one),
  );
}

const files = ROOMS.flatMap((room) => readdirSync(`${ROOT}${room}`).map((name) => `${room}/${name}`)).filter((file) => file.endsWith('.ts')); // prettier-ignore

test.each(files.filter((file) => !(file in EXCEPTIONS) && hasLogic(readFileSync(`${ROOT}${file}`, 'utf8'))))('%s', (file) => {
  expect(existsSync(`${ROOT}test/${file.replace(/\.ts$/, '.test.ts')}`)).toBe(true);
});

test('what is an exception is there, and is needed', () => {
  for (const file of Object.keys(EXCEPTIONS)) {
    expect(files).toContain(file);
    expect(existsSync(`${ROOT}test/${file.replace(/\.ts$/, '.test.ts')}`)).toBe(false);
    expect(hasLogic(readFileSync(`${ROOT}${file}`, 'utf8'))).toBe(true);
  }
  expect(files.length).toBeGreaterThan(40);
});

test('logic is told from types and what is handed on', () => {
  const types = `import { a } from './a.js';\nexport * from './b.js';\nexport interface C { d: a }\nexport type E = C;`;
  expect(hasLogic(types)).toBe(false);
  for (const logic of ['export const a = 1;', 'export function b() {}', 'export class C {}', 'd();'])
    expect(hasLogic(`${types}\n${logic}`)).toBe(true);
});
