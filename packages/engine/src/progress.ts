import { StringDecoder } from 'node:string_decoder';
import { isObject, printable, type JsonObject } from '@drayage/core';

/** The parts of a progress line that we read. @see Docker Engine API v1.41, POST /images/load */
export interface ProgressLine {
  /** The engine's `stream` or `status` text, without control characters. */
  readonly text: string;
  /** Set when the work has failed. */
  readonly error?: string | undefined;
}

// Far longer than any line of an engine; without a limit, a stream without newlines would be buffered whole.
const maxLineLength = 1024 * 1024;

/**
 * The lines of a progress stream (one JSON value per line); the last may lack its newline. Skips blank lines.
 * Returns a line that is not a JSON object as text, because proxies send HTML instead of JSON. Passes on
 * errors of the stream.
 */
export async function* readProgress(stream: AsyncIterable<Uint8Array | string>): AsyncIterable<ProgressLine> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = `${rest}${typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk))}`.split(
      '\n',
    );
    rest = (lines.pop() ?? '').slice(0, maxLineLength);
    yield* lines.filter((line) => line.trim() !== '').map(parseProgressLine);
  }
  rest += decoder.end();
  if (rest.trim() !== '') yield parseProgressLine(rest);
}

function parseProgressLine(line: string): ProgressLine {
  const value = parseObject(line);
  if (value === undefined) return { text: printable(line.trim()) };
  const error = errorOf(value);
  const text = [value['stream'], value['status']].find((member) => typeof member === 'string') ?? '';
  return { text: printable(text.trim()), ...(error === undefined ? {} : { error: printable(error.trim()) }) };
}

function errorOf(value: JsonObject): string | undefined {
  const { error, errorDetail } = value;
  if (isObject(errorDetail) && typeof errorDetail['message'] === 'string') return errorDetail['message'];
  if (typeof error === 'string') return error;
  return error === undefined && errorDetail === undefined ? undefined : 'no reason given';
}

function parseObject(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
