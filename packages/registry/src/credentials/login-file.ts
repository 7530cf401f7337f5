import { readFile, stat } from 'node:fs/promises';
import { reasonOf, systemErrorCode } from '@drayage/core';
import { invalidDocument, parseLoginDocument, type LoginDocument } from './login-document.ts';

/**
 * A file with credentials. Parses it again only after a change, such as by `docker login`.
 */
export interface LoginFile {
  /** Undefined if the file does not exist. @throws DrayError `CREDENTIALS_INVALID` */
  read(): Promise<LoginDocument | undefined>;
}

/** The file at `path`; reads nothing before the first call. */
export function createLoginFile(path: string): LoginFile {
  let known: { readonly version: string; readonly document: LoginDocument } | undefined;
  return {
    async read() {
      const version = await readOrAbsent(path, async () => {
        const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
        return [ino, size, mtimeNs, ctimeNs].join(' ');
      });
      if (version === undefined) return undefined;
      if (known?.version === version) return known.document;
      const text = await readOrAbsent(path, () => readFile(path, 'utf8'));
      if (text === undefined) return undefined;
      const document = parseLoginDocument(text, path);
      known = { version, document };
      return document;
    },
  };
}

async function readOrAbsent<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw invalidDocument(path, reasonOf(error));
  }
}
