import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

/**
 * Finds circular imports among the folders below `root`; returns the imports of each circle. A file directly
 * in `root` counts as a separate folder. Ignores tests and testing/. Type imports count.
 * @param {string} root
 * @returns {string[][]}
 */
export function folderCircles(root) {
  const edges = importsBetween(root);
  /** @type {Map<string, Set<string>>} */
  const graph = new Map();
  for (const { from, to } of edges) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  const inCircle = edges.filter(({ from, to }) => reachable(graph, to).has(from));
  /** @type {Map<string, string[]>} */
  const circles = new Map();
  for (const { from, text } of inCircle) {
    const members = [...reachable(graph, from)].filter((other) => reachable(graph, other).has(from)).sort();
    const name = members.join(' ');
    circles.set(name, [...(circles.get(name) ?? []), text]);
  }
  return [...circles.values()];
}

/** @param {string} root */
function importsBetween(root) {
  const folderOf = (/** @type {string} */ file) => (dirname(file) === root ? file : dirname(file));
  return sourceFiles(root).flatMap((file) =>
    ts
      .preProcessFile(readFileSync(file, 'utf8'))
      .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
      .map(({ fileName }) => join(dirname(file), fileName))
      .filter((imported) => folderOf(imported) !== folderOf(file))
      .map((imported) => ({
        from: folderOf(file),
        to: folderOf(imported),
        text: `${relative(root, file)} imports ${relative(root, imported)}`,
      })),
  );
}

/**
 * @param {string} root
 * @returns {string[]}
 */
function sourceFiles(root) {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) => !name.split(sep).includes('testing'))
    .map((name) => join(root, name));
}

/**
 * All folders reachable from `start`; `start` itself only through a circle.
 * @param {ReadonlyMap<string, ReadonlySet<string>>} graph
 * @param {string} start
 */
function reachable(graph, start) {
  const found = new Set(graph.get(start) ?? []);
  for (const node of found) for (const next of graph.get(node) ?? []) found.add(next);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packages = join(import.meta.dirname, '../../packages');
  for (const name of readdirSync(packages)) {
    for (const imports of folderCircles(join(packages, name, 'src'))) {
      console.error(`packages/${name}: folders import each other in a circle:`);
      for (const text of imports) console.error(`  ${text}`);
      process.exitCode = 1;
    }
  }
}
