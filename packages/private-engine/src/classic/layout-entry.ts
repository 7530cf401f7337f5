import type { Descriptor } from '@drayage/core';

/** Something that has to be in a data-root; paths are relative to it. Parents come by themselves. */
export type LayoutEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  | { readonly kind: 'bytes'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly path: string; readonly blob: Descriptor }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };
