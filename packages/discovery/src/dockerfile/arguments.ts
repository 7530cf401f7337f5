import type { Dockerfile } from 'dockerfile-ast';
import { expand, fallbackOperators } from '../variables/expand.ts';
import type { Dialect, Expansion, Lookup, VariableValue } from '../variables/expand.ts';
import type { WorkMeter } from '../work-meter.ts';
import type { Place } from '../yaml/tree.ts';
import type { DockerfileBuild } from './read-dockerfile.ts';

/** What FROM lines see: the `ARG`s before the first one, and the automatic platform arguments. */
export interface ArgumentScope {
  /** @throws DrayError `DISCOVERY_FAILED` when the text expands to too much */
  expand(text: string, place: Place): Expansion;
}

/** What reading arguments needs besides the Dockerfile. */
export interface ArgumentContext {
  readonly build: DockerfileBuild;
  readonly meter: WorkMeter;
  readonly placeAt: (line: number) => Place;
}

/** @see Dockerfile reference, "Automatic platform ARGs in the global scope" */
export function globalArguments(
  dockerfile: Dockerfile,
  { build, meter, placeAt }: ArgumentContext,
): ArgumentScope {
  const values = new Map<string, VariableValue>(automaticArguments(build));
  const lookup: Lookup = (name) => values.get(name);
  const dialect = dockerfileDialect(dockerfile.getEscapeCharacter());
  for (const arg of dockerfile.getInitialARGs()) {
    for (const property of arg.getProperties()) {
      const name = property.getName();
      const written = property.getUnescapedValue();
      const given = build.args(name);
      if (given !== undefined) values.set(name, given);
      else if (written !== null) {
        const place = placeAt(property.getRange().start.line);
        const { text, issues, used } = expand(written, dialect, lookup, { meter, place });
        values.set(name, { text, issues, used });
      }
    }
  }
  return { expand: (text, place) => expand(text, dialect, lookup, { meter, place }) };
}

function dockerfileDialect(escape: string): Dialect {
  return {
    dollarEscapes: false,
    escape,
    unquotes: true,
    operators: [...fallbackOperators, '##', '#', '%%', '%', '//', '/'],
    isStrict: false,
    hint: (name) =>
      `Write a default before the first FROM, ARG ${name}=value, or give it as a build argument.`,
  };
}

/** Build arguments win over these, even without an ARG. */
function automaticArguments({
  args,
  enginePlatform,
  platform = enginePlatform,
  target,
}: DockerfileBuild): readonly (readonly [string, VariableValue])[] {
  const automatic = [
    ...splitPlatform('TARGET', platform),
    ...splitPlatform('BUILD', enginePlatform),
    ['TARGETSTAGE', { text: target === undefined || target === '' ? 'default' : target }] as const,
  ];
  return automatic.map(([name, value]) => [name, args(name) ?? value]);
}

function splitPlatform(prefix: string, text: string): readonly (readonly [string, VariableValue])[] {
  const [os = '', architecture = '', variant = ''] = text.split('/');
  return [
    [`${prefix}PLATFORM`, { text }],
    [`${prefix}OS`, { text: os }],
    [`${prefix}OSVERSION`, { text: '' }],
    [`${prefix}ARCH`, { text: architecture }],
    [`${prefix}VARIANT`, { text: variant }],
  ];
}
