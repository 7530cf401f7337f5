import { createHash } from 'node:crypto';
import { familiarName, type DocumentName, type Reference } from '@drayage/core';

const suffixes = new Map<DocumentName, string>([
  ['index.json', '.dray-index'],
  ['dray-status.json', '.dray-status'],
  ['dray-signature.json', '.dray-signature'],
]);

/** All documents of a bundle. */
export const documentNames: readonly DocumentName[] = [...suffixes.keys()];

/** The tag of a document. A key has at most 80 characters, and a tag may have 128. */
export function documentTag(key: string, name: DocumentName): string {
  return `${key}${suffixes.get(name) ?? ''}`;
}

/** The key of a document's tag; undefined for any other tag. */
export function keyOfTag(tag: string): string | undefined {
  const suffix = [...suffixes.values()].find((candidate) => tag.endsWith(candidate));
  return suffix === undefined ? undefined : tag.slice(0, -suffix.length);
}

const maxImageTagLength = 110;

/**
 * The tag under which an image is pushed as an image: `redis-7`, `ghcr.io-org-app-1`. Different images may
 * get the same one.
 */
export function imageTag(reference: Reference): string {
  const { tag, digest } = reference;
  const suffix = tag ?? digest?.replace(':', '-').slice(0, 19) ?? 'latest';
  const text = `${familiarName(reference)}-${suffix}`.replace(/[^A-Za-z0-9_.-]/g, '-');
  if (text.length <= maxImageTagLength) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return `${text.slice(0, maxImageTagLength - 13)}-${hash}`;
}
