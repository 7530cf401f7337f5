import { fileURLToPath } from 'node:url';
import { DrayError, UsageError, reasonOf } from '../errors.ts';
import { printable, redactUrl } from '../redact.ts';

/** A handover location as the user gave it. */
export type TransportLocation =
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 'url';
      /** Lower case, without the colon. */
      readonly scheme: string;
      /** As given: may contain credentials, so print it only through `redactUrl`. */
      readonly url: string;
    };

// Two letters at least: C:\bundle is a path.
const schemePattern = /^([a-z][a-z0-9+.-]+):\/\//i;

/**
 * Parses a path, a `file://` URL, or a driver's URL with a scheme among `schemes`.
 * @throws DrayError `TRANSPORT_UNSUPPORTED` for any other scheme, naming the supported ones; UsageError
 * `USAGE` for invalid text
 */
export function parseTransportLocation(text: string, schemes: readonly string[] = []): TransportLocation {
  if (text.trim() === '') {
    throw new UsageError('USAGE', 'cannot parse handover location: it is empty', {
      hint: 'Give a directory or a URL.',
    });
  }
  const scheme = schemePattern.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: 'directory', path: text };
  if (scheme === 'file') return { kind: 'directory', path: pathOfFileUrl(text) };
  if (schemes.includes(scheme)) return { kind: 'url', scheme, url: text };
  const known = ['a directory', 'file://', ...schemes.map((name) => `${name}://`)].join(', ');
  throw new DrayError(
    'TRANSPORT_UNSUPPORTED',
    `cannot hand over through ${location(text)}: no driver for ${scheme}://`,
    { hint: `Use one of: ${known}.`, details: { scheme, schemes: ['file', ...schemes] } },
  );
}

function pathOfFileUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (error) {
    throw new UsageError('USAGE', `cannot parse handover location ${location(text)}: ${reasonOf(error)}`, {
      hint: 'Write a file URL as file:///absolute/path.',
      cause: error,
    });
  }
}

function location(text: string): string {
  return printable(redactUrl(text), 200);
}
