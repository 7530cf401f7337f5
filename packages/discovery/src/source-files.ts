import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { UsageError, isDrayError, reasonOf, systemErrorCode, throwIfAborted } from '@drayage/core';

/** A file as it was read. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  /** What the user reads: relative when the path that was asked for was. */
  readonly shown: string;
  readonly text: string;
}

/** Reads files, each once, and names them as the user would. Paths are absolute. */
export interface SourceFiles {
  /** @throws DrayError `DISCOVERY_FAILED`; `ABORTED` */
  read(path: string): Promise<SourceFile>;
  /** Like read, but undefined when there is no such file. */
  readIfThere(path: string): Promise<SourceFile | undefined>;
  display(path: string): string;
}

// Rendered charts have a few MB; nothing that people write has more.
const maxFileBytes = 16 * 1024 * 1024;

// All files of one discovery together.
const maxTotalBytes = 8 * maxFileBytes;

/** Files beside `given`, the path that the user asked for. */
export function createSourceFiles(given: string, signal: AbortSignal | undefined): SourceFiles {
  const isRelative = !path.isAbsolute(given);
  const home = path.dirname(path.resolve(given));

  function display(absolute: string): string {
    return isRelative ? path.join(path.dirname(given), path.relative(home, absolute)) : absolute;
  }

  const known = new Map<string, SourceFile>();
  let totalBytes = 0;

  async function read(absolute: string): Promise<SourceFile> {
    throwIfAborted(signal, `read images from ${display(absolute)}`);
    const file = known.get(absolute) ?? (await readFirst(absolute));
    known.set(absolute, file);
    return file;
  }

  async function readFirst(absolute: string): Promise<SourceFile> {
    const shown = display(absolute);
    try {
      // A named pipe would keep a plain open waiting for a writer.
      const handle = await open(absolute, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const text = await readText(handle, shown);
        totalBytes += text.length;
        if (totalBytes > maxTotalBytes)
          throw tooLarge(shown, maxTotalBytes, 'this and the files before it have');
        return { path: absolute, shown, text };
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (isDrayError(error)) throw error;
      throw unreadable(shown, error);
    }
  }

  async function readIfThere(absolute: string): Promise<SourceFile | undefined> {
    try {
      return await read(absolute);
    } catch (error) {
      if (isDrayError(error, 'DISCOVERY_FAILED') && isAbsence(error.details['cause'])) return undefined;
      throw error;
    }
  }

  return { read, readIfThere, display };
}

async function readText(handle: FileHandle, shown: string): Promise<string> {
  const stat = await handle.stat();
  if (!stat.isFile()) {
    throw new UsageError('DISCOVERY_FAILED', `cannot read images from ${shown}: it is not a regular file`, {
      hint: 'Name the file itself, such as compose.yaml or Dockerfile.',
    });
  }
  if (stat.size > maxFileBytes) {
    throw tooLarge(shown, maxFileBytes, 'it has');
  }
  const bytes = await handle.readFile();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError('DISCOVERY_FAILED', `cannot read images from ${shown}: it is not UTF-8 text`, {
      cause: error,
    });
  }
}

function tooLarge(shown: string, limit: number, subject: string): UsageError {
  return new UsageError(
    'DISCOVERY_FAILED',
    `cannot read images from ${shown}: ${subject} more than ${String(limit)} bytes`,
    { hint: 'Name the images in a smaller file.' },
  );
}

function unreadable(shown: string, error: unknown): UsageError {
  const code = systemErrorCode(error);
  const reason = isAbsence(code) ? 'no such file' : (code ?? reasonOf(error));
  return new UsageError('DISCOVERY_FAILED', `cannot read images from ${shown}: ${reason}`, {
    hint: 'Check the path.',
    cause: error,
    details: { file: shown, cause: code },
  });
}

function isAbsence(code: unknown): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}
