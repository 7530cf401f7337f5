import { fromHex, hexOf, type Digest, type DocumentName } from '@drayage/core';
import type { PackageFile } from '../api/package-registry.ts';

const documentNames: readonly DocumentName[] = ['index.json', 'dray-status.json', 'dray-signature.json'];
const blobPattern = /^([0-9a-f]{64})(?:-(\d{1,9}))?$/;
const documentPattern = /^(index|dray-status|dray-signature)(?:-(\d{1,9}))?\.json$/;

/** A file of drayage: a blob or document, and its number. */
export type OwnName =
  | { readonly kind: 'blob'; readonly digest: Digest; readonly number: number }
  | { readonly kind: 'document'; readonly document: DocumentName; readonly number: number };

/**
 * The file name of a blob; colons are not allowed. Number 0 is the plain name; greater numbers are for a blob
 * that is uploaded again before its old file expires.
 */
export function blobFileName(digest: Digest, number: number): string {
  return number === 0 ? hexOf(digest) : `${hexOf(digest)}-${String(number)}`;
}

/**
 * The file name of a document. Numbers above 0 are for groups that forbid duplicates; the greatest is the
 * newest.
 */
export function documentFileName(name: DocumentName, number: number): string {
  return number === 0 ? name : name.replace(/\.json$/, `-${String(number)}.json`);
}

/** Parses a file name; undefined: not a file of drayage. */
export function parseFileName(name: string): OwnName | undefined {
  const [, hex, blobNumber = '0'] = blobPattern.exec(name) ?? [];
  if (hex !== undefined) return { kind: 'blob', digest: fromHex(hex), number: Number(blobNumber) };
  const [, stem, number = '0'] = documentPattern.exec(name) ?? [];
  const document = documentNames.find((candidate) => candidate === `${stem ?? ''}.json`);
  return document === undefined ? undefined : { kind: 'document', document, number: Number(number) };
}

/** The files of one blob, in the given order. */
export function filesOfBlob(files: readonly PackageFile[], digest: Digest): readonly NumberedFile[] {
  return files.flatMap((file) => {
    const own = parseFileName(file.name);
    return own?.kind === 'blob' && own.digest === digest ? [{ file, number: own.number }] : [];
  });
}

/** The files of one document, in the given order. */
export function filesOfDocument(files: readonly PackageFile[], name: DocumentName): readonly NumberedFile[] {
  return files.flatMap((file) => {
    const own = parseFileName(file.name);
    return own?.kind === 'document' && own.document === name ? [{ file, number: own.number }] : [];
  });
}

export interface NumberedFile {
  readonly file: PackageFile;
  readonly number: number;
}

/** The greatest number among some files; -1 without files. */
export function lastNumber(files: readonly NumberedFile[]): number {
  return Math.max(-1, ...files.map(({ number }) => number));
}
