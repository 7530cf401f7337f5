import { formatPlatform, hostPlatform } from '@drayage/core';
import type { Dockerfile } from 'dockerfile-ast';
import { expand, fallbackOperators } from '../variables/expand.ts';
import type { Dialect, Expansion, Lookup, VariableValue } from '../variables/expand.ts';
import type { DockerfileBuild } from './read-dockerfile.ts';

/** What FROM lines see: the `ARG`s before the first one, and the automatic platform arguments. */
export interface ArgumentScope {
  expand(text: string): Expansion;
}

/** @see Dockerfile reference, "Automatic platform ARGs in the global scope" */
export function globalArguments(dockerfile: Dockerfile, build: DockerfileBuild): ArgumentScope {
  const values = new Map<string, VariableValue>(platformArguments(build.platform));
  const lookup: Lookup = (name) => values.get(name);
  const dialect = dockerfileDialect(dockerfile.getEscapeCharacter());
  for (const arg of dockerfile.getInitialARGs()) {
    for (const property of arg.getProperties()) {
      const name = property.getName();
      const written = property.getUnescapedValue();
      const given = build.args(name);
      if (given !== undefined) values.set(name, given);
      else if (written !== null) {
        const { text, issues, used } = expand(written, dialect, lookup);
        values.set(name, { text, issues, used });
      }
    }
  }
  return { expand: (text) => expand(text, dialect, lookup) };
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

function platformArguments(target: string | undefined): readonly (readonly [string, VariableValue])[] {
  const host = formatPlatform(hostPlatform());
  return [...splitPlatform('TARGET', target ?? host), ...splitPlatform('BUILD', host)];
}

function splitPlatform(prefix: string, text: string): readonly (readonly [string, VariableValue])[] {
  const [os = '', architecture = '', variant = ''] = text.split('/');
  return [
    [`${prefix}PLATFORM`, { text }],
    [`${prefix}OS`, { text: os }],
    [`${prefix}ARCH`, { text: architecture }],
    [`${prefix}VARIANT`, { text: variant }],
  ];
}
