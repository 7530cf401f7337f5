import path from 'node:path';
import { UsageError } from '@drayage/core';
import { discoveryKinds, type DiscoveryKind } from './discovery.ts';
import type { SourceFile } from './source-files.ts';

/** A file to discover. Without a kind, its name and content decide how it is read. */
export interface DiscoverySource {
  readonly path: string;
  readonly kind?: DiscoveryKind | undefined;
}

/** `compose:deploy/stack.yml` as kind and path; text without a known kind in front is a path. */
export function parseDiscoverySource(text: string): DiscoverySource {
  const colon = text.indexOf(':');
  const kind = discoveryKinds.find((known) => known === text.slice(0, Math.max(colon, 0)));
  return kind === undefined ? { path: text } : { kind, path: text.slice(colon + 1) };
}

/** The names that the tools look for, and usual names of further files of the same kind. */
const names: readonly (readonly [DiscoveryKind, RegExp])[] = [
  ['gitlab', /\.gitlab-ci\.ya?ml$/i],
  ['circleci', /[\\/]\.circleci[\\/][^\\/]+\.ya?ml$/i],
  ['compose', /[\\/](docker-)?compose([._-][^\\/]*)?\.ya?ml$/i],
  ['compose', /\.(docker-)?compose\.ya?ml$/i],
  ['dockerfile', /[\\/](Dockerfile|Containerfile)([._-][^\\/]*)?$/i],
  ['dockerfile', /\.(Dockerfile|Containerfile)$/i],
];

/**
 * Lines that the content of a kind has, surest first. Files are not parsed, so that templates are
 * recognised too.
 */
const contents: readonly (readonly [DiscoveryKind, readonly RegExp[]])[] = [
  ['kubernetes', [/^[- \t]*["']?apiVersion["']?[ \t]*:/m, /^[- \t]*["']?kind["']?[ \t]*:/m]],
  [
    'circleci',
    [/^version[ \t]*:[ \t]*["']?2(\.\d)?["']?[ \t]*(#.*)?$/m, /^(jobs|workflows|orbs|executors)[ \t]*:/m],
  ],
  ['compose', [/^services[ \t]*:/m, /^[ \t]+(image|build|extends)[ \t]*:/m]],
  ['gitlab', [/^[^\s#].*:/m, /^[ \t]+(script|extends|trigger)[ \t]*:/m]],
];

/**
 * The kind of a file by its name, else by its content.
 * @throws DrayError `DISCOVERY_FAILED` that names the kinds
 */
export function detectKind(source: SourceFile): DiscoveryKind {
  const isIgnoreFile = source.path.endsWith('.dockerignore');
  const byName = names.find(([, pattern]) => !isIgnoreFile && pattern.test(source.path))?.[0];
  const kind = byName ?? byContent(source);
  if (kind !== undefined) return kind;
  throw new UsageError(
    'DISCOVERY_FAILED',
    `cannot read images from ${source.shown}: neither its name nor its content shows its kind`,
    {
      hint: `Name the kind: ${discoveryKinds.map((known) => `${known}:${source.shown}`).join(', ')}.`,
      details: { file: source.shown, kinds: discoveryKinds },
    },
  );
}

function byContent({ path: file, text }: SourceFile): DiscoveryKind | undefined {
  if (beginsLikeDockerfile(text)) return 'dockerfile';
  if (!/\.(ya?ml|json)$/i.test(path.basename(file))) return undefined;
  return contents.find(([, patterns]) => patterns.every((pattern) => pattern.test(text)))?.[0];
}

/** Only comments and ARG precede the first FROM. */
function beginsLikeDockerfile(text: string): boolean {
  const lines = text.split('\n').map((line) => line.trim());
  return /^FROM\s/i.test(lines.find((line) => line !== '' && !/^(#|ARG\s)/i.test(line)) ?? '');
}
