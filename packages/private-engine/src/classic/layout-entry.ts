import type { Descriptor } from '@drayage/core';

/** A file, directory or link of a data-root. Paths are relative to it; parent directories are implied. */
export type LayoutEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  | { readonly kind: 'bytes'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly path: string; readonly blob: Descriptor }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };
