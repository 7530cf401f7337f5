import type { Host, Sink } from '../host.ts';

/** Whose text may be foreign: names, messages, what an engine or a registry said. */
export type Streams = Pick<Host, 'stdout' | 'stderr'>;

/**
 * The streams of a command, with every text that goes out made harmless: the one place that all output
 * passes.
 */
export function safeStreams({ stdout, stderr }: Streams): Streams {
  return { stdout: safeSink(stdout), stderr: safeSink(stderr) };
}

function safeSink(sink: Sink): Sink {
  return {
    get isTerminal() {
      return sink.isTerminal;
    },
    write: (text) => sink.write(isJson(text) ? safeJson(text) : safeText(text)),
  };
}

/**
 * Text for people in which nothing steers a terminal or a CI system: no control characters but ends of line
 * and tabs, no directions of writing, no workflow commands, log commands or sections.
 */
export function safeText(text: string): string {
  const plain = text.replaceAll(/\r\n/g, '\n').replaceAll(steering, ' ');
  return markers.reduce((safe, [marker, replacement]) => safe.replaceAll(marker, replacement), plain);
}

// C0 but tab and line feed, DEL, C1, separators of lines, and characters that turn the direction of writing.
const steering = /(?![\t\n])[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

/** Markers that CI systems look for in logs, and what is printed in place of them. */
const markers: readonly (readonly [RegExp, string])[] = [
  // GitHub, Gitea, Forgejo: ::error file=a::message
  [/::(?=[a-z][a-z-]*(?:[ \t][^\n]*?)?::)/gi, ': :'],
  // GitHub (old), Azure, TeamCity: ##[error], ##vso[task…], ##teamcity[…]
  [/##(?=[a-z]*\[)/gi, '# #'],
  // GitLab: section_start:1700000000:name
  [/(?<=section_(?:start|end)):/gi, ' :'],
];

function isJson(text: string): boolean {
  if (!text.startsWith('{') || !text.endsWith('}\n')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The same document; what would steer is written as an escape, which only strings can hold. */
function safeJson(text: string): string {
  const markersToo = markers.reduce(
    (safe, [marker]) => safe.replaceAll(marker, (found) => escaped(found.charAt(0)) + found.slice(1)),
    text,
  );
  return markersToo.replaceAll(steering, (char) => escaped(char));
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
