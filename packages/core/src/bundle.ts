// Bundle contents: reading, packing, unpacking, mounting and checking them.
export { checkLayout, initLayout } from './store/layout.ts';
export { createDirectoryBlobStore } from './store/directory-blob-store.ts';
export { createDirectoryDocumentStore } from './store/directory-document-store.ts';
export { createDirectoryTransport, type DirectoryTransport } from './handover/directory-transport.ts';
export { hashFile } from './store/hash-file.ts';
export { readProven } from './store/prove-file.ts';
export { createPackStore, type PackStore } from './store/pack-store.ts';

export type { BlobInfo } from './blob-store.ts';
export type { BundleEntry, BundleIndex } from './bundle/bundle-index.ts';
export { emptyIndex, formatBundleIndex, readBundleIndex, withEntry } from './bundle/bundle-index.ts';
export { readImage } from './bundle/read-image.ts';
export { readHeldContent, type HeldContent, type HeldImage } from './bundle/held-content.ts';
export { inspectBundle, type BundleInspection, type InspectedImage } from './bundle/inspect.ts';
export { verifyBundle, type BundleProblem, type BundleVerification } from './bundle/verify.ts';
export { gcBundle, type BundleCollection } from './bundle/gc.ts';

export type { Pack, PackFilesystem, PackedLayer } from './bundle/pack-types.ts';
export { packMediaTypes } from './bundle/pack-types.ts';
export { hasRepeatedTree, packedLayers, packsFor, readPacks } from './bundle/packed-layers.ts';
export type { PackedLayers } from './bundle/packed-layers.ts';
export type { OpenPackedLayer, PackReader, PackRequest, PackSource, PackWriter } from './pack-writer.ts';
export type {
  MountContent,
  MountReach,
  MountRequest,
  MountRights,
  MountWay,
  MountablePack,
  Mounter,
  MounterFacts,
  Mounting,
  StartedEngine,
} from './mounter.ts';
export type { PackAccess } from './delivery/pack-access.ts';
export { unpackBundle } from './delivery/unpack-bundle.ts';
export { findMountable } from './delivery/mountable.ts';

export { ownedName, ownerState, parseOwnedName } from './store/owner.ts';
export { fileState, openProven, type FileState, type ProvenFile } from './store/proven-file.ts';
export { openRegularFile } from './store/safe-file.ts';
export { storeIoError } from './store/store-error.ts';
export { packDocuments } from './bundle/pack.ts';
export { checkPackRoot, entryKind, packRootFault } from './bundle/pack-root.ts';
export type { EntryKind, PackRootEntry } from './bundle/pack-root.ts';
export type { PackRootLister } from './bundle/verify-pack-roots.ts';
export { splitTarPath, tarEnd, tarHeader, tarPadding, type TarType } from './tar/tar-header.ts';
export { findWrongPacks, verifyPack } from './delivery/verify-pack.ts';
