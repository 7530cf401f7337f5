import path from 'node:path';
import type { DiscoveryContext } from '../context.ts';
import { parseDotenv } from '../variables/dotenv.ts';
import { expand, fallbackOperators, type Dialect, type Lookup } from '../variables/expand.ts';
import { stepsOf, type WorkMeter } from '../work-meter.ts';
import { mapScalars, type YamlMapping, type YamlScalar } from '../yaml/tree.ts';

/** How compose files write variables. @see compose-spec, "Interpolation" */
export const composeDialect: Dialect = {
  dollarEscapes: true,
  unquotes: false,
  operators: fallbackOperators,
  isStrict: true,
  hint: (name) => `Set ${name} in the environment or in .env, or write a default: \${${name}:-default}.`,
};

/** The variables of `base`, then the `.env` files; later files win. Absent files set nothing. */
export async function composeVariables(
  base: Lookup,
  dotenvPaths: readonly string[],
  { files, findings, meter }: DiscoveryContext,
): Promise<Lookup> {
  let lookup = base;
  const values = new Map<string, string>();
  for (const dotenvPath of dotenvPaths) {
    const source = await files.readIfThere(dotenvPath);
    if (source === undefined) continue;
    meter.spend(stepsOf.file + source.text.length, { place: { file: source.path, line: 1 } });
    const { values: more, badLines } = parseDotenv(source.text, lookup, { file: source.path, meter });
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

/**
 * The mapping with the variables in its values replaced. Issues stay with each scalar: most are never used.
 */
export function interpolate(mapping: YamlMapping, lookup: Lookup, meter: WorkMeter): YamlMapping {
  const changes = { scalar: (scalar: YamlScalar) => interpolateScalar(scalar, lookup, meter) };
  const entries = [...mapping.entries].map(
    ([key, { key: place, value }]) =>
      [key, { key: place, value: mapScalars(value, changes, meter) }] as const,
  );
  return { ...mapping, entries: new Map(entries) };
}

function interpolateScalar(scalar: YamlScalar, lookup: Lookup, meter: WorkMeter): YamlScalar {
  if (!scalar.text.includes('$')) return scalar;
  const { text, issues } = expand(scalar.text, composeDialect, lookup, { meter, place: scalar.place });
  return { ...scalar, text, issues };
}
