export type { ErrorCode, TransferSide } from './errors.ts';
export {
  DrayError,
  EngineError,
  IntegrityError,
  InvalidReferenceError,
  RegistryError,
  TransferError,
  UsageError,
  errorCodes,
  describeDiskFull,
  isDrayError,
  reasonOf,
  systemErrorCode,
} from './errors.ts';
export { summarizeError, type ErrorSummary } from './error-summary.ts';
export { readAsset } from './asset.ts';
export { maskSecrets, printable, redactUrl } from './redact.ts';

export type { Descriptor } from './image/descriptor.ts';
export { digestOf, fromHex, hexOf, isDigest, parseDigest, shortDigest, type Digest } from './image/digest.ts';
export type { Platform } from './image/platform.ts';
export { formatPlatform, hostPlatform, parsePlatform, platformMatches } from './image/platform.ts';
export type { Reference } from './image/reference.ts';
export {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
  sameReference,
  tryParseReference,
} from './image/reference.ts';
export { isObject, parseJson, type JsonObject } from './image/json.ts';

export type {
  BlobIngest,
  BlobStore,
  ByteStream,
  IngestedBlob,
  OpenOptions,
  PutResult,
} from './blob-store.ts';
export type {
  DocumentName,
  DocumentStore,
  ExpiryReport,
  PlaceContents,
  StoredBundle,
  Transport,
} from './transport.ts';
export type { Source, TagSource } from './source.ts';
export type {
  Engine,
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
  HelperContainers,
  HelperFile,
  HelperProcess,
  HelperRequest,
} from './helper-container.ts';
export { abortError, abortable, throwIfAborted } from './store/abort.ts';
export { verifying } from './store/verifying.ts';
export { createPool } from './handover/pool.ts';

export type { ImageCandidate, PrepullImage } from './image-set/prepull-image.ts';
export { distinctImages, fixedCandidate, fixedImage } from './image-set/prepull-image.ts';
export { firstExisting, isAbsence } from './image-set/locate-image.ts';

export { prepullImages, type PrepullOptions } from './prepull/prepull-images.ts';
export type { BundleContext, BundleForm, FetchedImage, ImageOrigin } from './prepull/bundle-context.ts';
export type { PackingOptions } from './prepull/packing.ts';
export type { PrepullEvent } from './prepull/events.ts';
export type { PrepullReport } from './prepull/report.ts';

export { deliverImages, type DeliverOptions } from './delivery/deliver-images.ts';
export type { OnMiss } from './delivery/options.ts';
export type { DeliveryMode } from './delivery/way-facts.ts';
export type { DeliveryEvent } from './delivery/events.ts';
export type { DeliveryReport } from './delivery/report.ts';
