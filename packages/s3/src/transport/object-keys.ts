import { fromHex, hexOf, type Digest, type DocumentName } from '@drayage/core';

const documentNames: readonly DocumentName[] = ['index.json', 'dray-status.json', 'dray-signature.json'];
const blobPattern = /^blobs\/sha256\/([0-9a-f]{64})$/;
const documentPattern = /^keys\/([^/]+)\/([^/]+)$/;

/** An object of drayage: a blob, which all bundles share, or a document of one bundle. */
export type OwnObject =
  | { readonly kind: 'blob'; readonly digest: Digest }
  | { readonly kind: 'document'; readonly bundle: string; readonly document: DocumentName };

/** Where the objects of a handover location are. */
export interface ObjectKeys {
  /** Begins all keys; empty, or ends in a slash. */
  readonly root: string;
  /** Begins the keys of all blobs. */
  readonly blobs: string;
  /** Begins the keys of all documents. */
  readonly documents: string;
  blob(digest: Digest): string;
  /** `bundle` is a name as `keyName` makes it. */
  document(bundle: string, name: DocumentName): string;
  /** Undefined: not ours. */
  parse(key: string): OwnObject | undefined;
}

/** Blobs are at `PREFIX/blobs/sha256/HEX`, documents at `PREFIX/keys/BUNDLE/NAME`. */
export function objectKeys(prefix: string): ObjectKeys {
  const root = prefix === '' ? '' : `${prefix}/`;
  const blobs = `${root}blobs/sha256/`;
  return {
    root,
    blobs,
    documents: `${root}keys/`,
    blob: (digest) => `${blobs}${hexOf(digest)}`,
    document: (bundle, name) => `${root}keys/${bundle}/${name}`,
    parse: (key) => (key.startsWith(root) ? parseBelow(key.slice(root.length)) : undefined),
  };
}

function parseBelow(path: string): OwnObject | undefined {
  const hex = blobPattern.exec(path)?.[1];
  if (hex !== undefined) return { kind: 'blob', digest: fromHex(hex) };
  const [, bundle = '', file] = documentPattern.exec(path) ?? [];
  const document = documentNames.find((name) => name === file);
  return document === undefined ? undefined : { kind: 'document', bundle, document };
}
