import path from 'node:path';
import type { DiscoveryContext } from '../context.ts';
import { parseDotenv } from '../variables/dotenv.ts';
import { expand, fallbackOperators, type Dialect, type Lookup } from '../variables/expand.ts';
import { mapScalars, type YamlMapping, type YamlNode, type YamlScalar } from '../yaml/tree.ts';

/** How compose files write variables. @see compose-spec, "Interpolation" */
const dialect: Dialect = {
  dollarEscapes: true,
  unquotes: false,
  operators: fallbackOperators,
  isStrict: true,
  hint: (name) => `Set ${name} in the environment or in .env, or write a default: \${${name}:-default}.`,
};

/** Variables as `base` has them, then those of the `.env` files, of which later ones win. Files that are absent set nothing. */
export async function composeVariables(
  base: Lookup,
  dotenvPaths: readonly string[],
  { files, findings }: DiscoveryContext,
): Promise<Lookup> {
  let lookup = base;
  const values = new Map<string, string>();
  for (const dotenvPath of dotenvPaths) {
    const source = await files.readIfThere(dotenvPath);
    if (source === undefined) continue;
    const { values: more, badLines } = parseDotenv(source.text, lookup);
    for (const [name, value] of more) values.set(name, value);
    for (const line of badLines) {
      findings.addProblem({
        place: { file: source.path, line },
        what: path.basename(source.path),
        reason: 'the line sets no variable',
        hint: 'Write NAME=value.',
        severity: 'warning',
      });
    }
    lookup = (name) => base(name) ?? textValue(values.get(name));
  }
  return lookup;
}

function textValue(text: string | undefined): { readonly text: string } | undefined {
  return text === undefined ? undefined : { text };
}

/** The mapping with the variables in its values replaced; what goes wrong stays with each scalar, since most are never used. */
export function interpolate(mapping: YamlMapping, lookup: Lookup): YamlMapping {
  const entries = [...mapping.entries].map(
    ([key, { key: place, value }]) => [key, { key: place, value: interpolateNode(value, lookup) }] as const,
  );
  return { ...mapping, entries: new Map(entries) };
}

function interpolateNode(node: YamlNode, lookup: Lookup): YamlNode {
  return mapScalars(node, (scalar) => interpolateScalar(scalar, lookup));
}

function interpolateScalar(scalar: YamlScalar, lookup: Lookup): YamlScalar {
  if (!scalar.text.includes('$')) return scalar;
  const { text, issues } = expand(scalar.text, dialect, lookup);
  return { ...scalar, text, issues };
}
