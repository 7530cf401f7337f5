export type { ErrorCode, TransferSide } from './errors.ts';
export {
  DrayError,
  EngineError,
  IntegrityError,
  InvalidReferenceError,
  RegistryError,
  TransferError,
  UsageError,
  isDrayError,
  reasonOf,
  systemErrorCode,
} from './errors.ts';
export { maskSecrets, printable, redactUrl } from './redact.ts';
export { readAsset } from './asset.ts';

export type {
  PipelineDefinitions,
  PipelineOption,
  PipelineOptionKind,
  ReleasedFile,
  RenderedFiles,
} from './pipeline/definitions.ts';
export { pipelineOption } from './pipeline/definitions.ts';

export type { Descriptor } from './image/descriptor.ts';
export { digestOf, fromHex, hexOf, isDigest, parseDigest, shortDigest, type Digest } from './image/digest.ts';
export type { LayerCompression } from './image/media-types.ts';
export {
  isIndexType,
  isManifestType,
  isSchema1Type,
  layerCompression,
  mediaTypes,
} from './image/media-types.ts';
export type { Platform } from './image/platform.ts';
export {
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  parsePlatform,
  platformMatches,
  selectPlatform,
} from './image/platform.ts';
export type { Reference } from './image/reference.ts';
export {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
  sameReference,
  tryParseReference,
} from './image/reference.ts';
export { chainIds } from './image/chain-id.ts';
export type { Index, Manifest } from './image/manifest.ts';
export {
  checkImageLayers,
  checkManifestSize,
  maxManifestBytes,
  parseDescriptor,
  parseManifest,
  selectManifest,
} from './image/manifest.ts';
export { checkLayerCount, parseImageConfig, type ImageConfig } from './image/image-config.ts';
export { convertToOci, convertManifestToOci, type ConvertedManifest } from './image/converted-manifest.ts';
export { isObject, parseJsonObject, type JsonObject } from './image/json.ts';

export type {
  BlobInfo,
  BlobIngest,
  BlobStore,
  ByteStream,
  IngestOptions,
  IngestedBlob,
  OpenOptions,
  PutOptions,
  PutResult,
} from './blob-store.ts';
export type { DocumentName, DocumentStore, Transport } from './transport.ts';
export type { Source, TagSource } from './source.ts';
export type {
  Engine,
  EngineContainerd,
  EngineImage,
  EngineInfo,
  EngineSetup,
  ImageSaver,
  ImageStoreKind,
  LoadRequest,
  LoadResult,
  LoadableImage,
} from './engine.ts';
export type {
  HelperContainer,
  HelperFile,
  HelperProcess,
  HelperRequest,
  HelperContainers,
} from './helper-container.ts';

export { hashFile } from './store/hash-file.ts';
export { createPackStore, type PackStore, type PackStoreOptions } from './store/pack-store.ts';
export { readProven } from './store/prove-file.ts';
export { fileState, openProven, type FileState, type ProvenFile } from './store/proven-file.ts';
export { ownedName, ownerState, parseOwnedName } from './store/owner.ts';
export { openRegularFile } from './store/safe-file.ts';
export { storeIoError } from './store/store-error.ts';
export { verifying } from './store/verifying.ts';
export { unzstd } from './store/zstd.ts';
export { abortError, abortable, throwIfAborted } from './store/abort.ts';
export { createDirectoryBlobStore, type DirectoryBlobStoreOptions } from './store/directory-blob-store.ts';
export { createDirectoryDocumentStore } from './store/directory-document-store.ts';
export { checkLayout, imageLayoutVersion, initLayout } from './store/layout.ts';

export type { BundleEntry, BundleIndex } from './bundle/bundle-index.ts';
export {
  bundleVersion,
  emptyIndex,
  formatBundleIndex,
  parseBundleIndex,
  readBundleIndex,
  withEntry,
} from './bundle/bundle-index.ts';
export type { Pack, PackFilesystem, PackedLayer } from './bundle/pack-types.ts';
export { packArtifactType, packMediaTypes } from './bundle/pack-types.ts';
export { packBlobs, packDocuments, readPack, type MadeDocument } from './bundle/pack.ts';
export type { EntryKind, PackRoot, PackRootEntry } from './bundle/pack-root.ts';
export { checkPackRoot, entryKind, packRootFault } from './bundle/pack-root.ts';
export type { OpenPackedLayer, PackReader, PackRequest, PackSource, PackWriter } from './pack-writer.ts';
export type { MountRequest, MountResult, MountWay, MountablePack, Mounter } from './mounter.ts';
export type { LayerInPack, PackedLayers } from './bundle/packed-layers.ts';
export { hasRepeatedTree, packedLayers, packsFor, readPacks } from './bundle/packed-layers.ts';
export { readBlobBytes, readImage } from './bundle/read-image.ts';
export { readHeldContent, type HeldContent, type HeldImage } from './bundle/held-content.ts';
export { inspectBundle, type BundleInspection, type InspectedImage } from './bundle/inspect.ts';
export type { BundleProblem, BundleVerification, VerifyOptions } from './bundle/verify.ts';
export type { PackRootLister, UncheckedPack } from './bundle/verify-pack-roots.ts';
export { verifyBundle } from './bundle/verify.ts';
export { gcBundle, type BundleCollection } from './bundle/gc.ts';

export { createPool, type Pool } from './handover/pool.ts';
export { planCopy, type CopyPlan } from './handover/plan.ts';
export { copyBlobs, type CopyProgress, type CopyRequest, type CopyResult } from './handover/copy.ts';
export { createDirectoryTransport } from './handover/directory-transport.ts';
export { parseTransportLocation, type TransportLocation } from './handover/transport-location.ts';

export { summarizeError, type ErrorSummary } from './error-summary.ts';
export type {
  ImageState,
  PrepullState,
  StatusDocument,
  StatusImage,
  StatusProgress,
} from './rendezvous/status.ts';
export { formatStatus, parseStatus } from './rendezvous/status.ts';
export type { PrepullJob, PrepullJobState } from './rendezvous/prepull-job.ts';
export type { WaitDecision, WaitPolicy } from './rendezvous/wait-decision.ts';
export type { StatusSnapshot } from './rendezvous/watch.ts';
export { decisionReason, type ImageAvailability } from './rendezvous/image-availability.ts';
export { waitForImages, type WaitReport, type WaitRequest } from './rendezvous/wait.ts';

export type { PrepullEvent } from './prepull/events.ts';
export type { PrepullImageReport, PrepullOutcome, PrepullReport } from './prepull/report.ts';
export type {
  BundleContext,
  BundleForm,
  ExpectedLayer,
  FetchImage,
  FetchedImage,
  ImageOrigin,
} from './prepull/bundle-context.ts';
export { fromRegistry } from './prepull/from-registry.ts';
export { handOver } from './prepull/hand-over.ts';
export { prepull, type PrepullRequest } from './prepull/prepull.ts';
export type { PackingOptions } from './prepull/packing.ts';

export type { DeliveryEvent } from './delivery/events.ts';
export type {
  DeliveryKind,
  LayerCounts,
  DeliveryImageReport,
  DeliveryOutcome,
  DeliveryReport,
} from './delivery/report.ts';
export { unpackBundle, type BundleUnpacking, type UnpackOptions } from './delivery/unpack-bundle.ts';
export type { PackAccess } from './delivery/pack-access.ts';
export { findMountable } from './delivery/mountable.ts';
export { deliver, type DeliveryMode, type DeliveryOptions, type OnMiss } from './delivery/deliver.ts';

export type { BundleComparison, ImagePlan, PlanRequest, PrepullPlan } from './prepull/plan.ts';
export { planPrepull } from './prepull/plan.ts';
export { planDelivery, type DeliveryPlan, type EngineView } from './delivery/plan-delivery.ts';

export type { ImageCandidate, LocatedImage, PrepullImage } from './image-set/prepull-image.ts';
export { fixedCandidate, fixedImage } from './image-set/prepull-image.ts';
export { firstExisting, isAbsence } from './image-set/locate-image.ts';
export { expandVariables, type Variables } from './image-set/variables.ts';
export { slug } from './image-set/slug.ts';
export { whyNotNow, type Condition, type Conditions, type RunContext } from './image-set/conditions.ts';

export { emptyLock, formatLock, parseLock, type Lock, type LockedImage } from './lock/lock-file.ts';
export { driftText, findDrift, type Drift, type WantedImage } from './lock/drift.ts';
export { pinImages } from './lock/pin-images.ts';

export { splitTarPath, tarEnd, tarHeader, tarPadding, type TarType } from './tar/tar-header.ts';
