/** Benches and scripts are not type-checked and not run here: what they import from the build has to be there all the same. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const FOLDERS = ['bench', 'scripts', 'test/simulation', 'test/support', 'test/workflows/histories'];

/** Names that a module of ours exports, by its place in the tree. */
function exportsOf(path: string): ReadonlySet<string> {
  const text = readFileSync(path, 'utf8');
  const names = new Set<string>();
  for (const [, name] of text.matchAll(/^export (?:async )?(?:function\*?|const|let|class) (\w+)/gm)) names.add(name);
  for (const [, list] of text.matchAll(/^export \{([^}]*)\}/gm))
    for (const one of list.split(','))
      names.add(
        one
          .trim()
          .split(/\s+as\s+/)
          .at(-1)!,
      );
  for (const [, from] of text.matchAll(/^export \* from '(\.[^']+)\.js'/gm))
    for (const name of exportsOf(join(dirname(path), `${from}.ts`))) names.add(name);
  return names;
}

const imports = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.mjs'))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const said = [
        ...text.matchAll(/import \{([^}]*)\} from '([^']+)'/g),
        ...text.matchAll(/const \{([^}]*)\} = await import\('([^']+)'\)/g),
      ];
      // a script that one of them writes for the root says ./dist
      const built = said.filter(([, , from]) => /^\.{1,2}(?:\/\.\.)*\/dist\//.test(from));
      return built.map(([, names, from]): [string, string, string[]] => [
        join(folder, file),
        from.replace(/^.*?dist\//, '').replace(/\.js$/, '.ts'),
        names.split(',').map((name) => name.trim().split(/\s+as\s+|:/)[0]).filter(Boolean), // prettier-ignore
      ]);
    }),
);

test('there are some', () => expect(imports.length).toBeGreaterThan(40));

test.each(imports)('%s finds what it takes from %s', (script, module, names) => {
  expect([script, module, existsSync(module)]).toEqual([script, module, true]);
  const there = exportsOf(module);
  expect(names.filter((name) => !there.has(name))).toEqual([]);
});
