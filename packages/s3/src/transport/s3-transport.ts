import type { DocumentStore, Transport } from '@drayage/core';
import { createBucket } from '../api/bucket.ts';
import { createS3Client, type S3Access } from '../api/client.ts';
import { createUploads } from '../api/uploads.ts';
import { parseS3Location } from '../location.ts';
import { createBlobs } from './blobs.ts';
import { expire, forget, listBundles, type ExpiryReport } from './clean.ts';
import { createDocuments } from './documents.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { objectKeys } from './object-keys.ts';
import type { Place } from './place.ts';

export interface S3TransportOptions extends S3Access {
  /** `s3://BUCKET/PREFIX?endpoint=…&region=…&addressing=…&keep=…`. */
  readonly url: string;
  /** The name of this bundle at the location, as `keyName` of core makes it. */
  readonly key: string;
  /** What the URL does not name; default: AWS. */
  readonly endpoint?: URL | undefined;
  /** Default `us-east-1`; an answer of AWS that names another region corrects it. */
  readonly region?: string | undefined;
}

/** A handover location that can be listed and cleaned up. */
export interface S3Transport extends Transport {
  /**
   * Deletes what has expired, but nothing that a pipeline of that time relies on. Credentials that may not
   * delete are no error.
   * @throws TransferError `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`; DrayError `ABORTED`
   */
  expire(signal?: AbortSignal): Promise<ExpiryReport>;
  /** Deletes the documents of this bundle. @throws as `expire` */
  forgetPipeline(signal?: AbortSignal): Promise<ExpiryReport>;
  /** The name of this bundle. */
  readonly key: string;
  /** The name of every bundle with a document, ordered. @throws as `expire` */
  keys(signal?: AbortSignal): Promise<readonly string[]>;
  /** The documents of another bundle there. */
  documentsOf(key: string): DocumentStore;
  /** Deletes the documents of a bundle; `unsupported`: the credentials may not delete. @throws as `expire` */
  removeKey(key: string, signal?: AbortSignal): Promise<'removed' | 'unsupported'>;
}

/** What uploads hold in memory at most (bytes), unless a single part is larger. */
const budgetBytes = 32 * 1024 * 1024;

/**
 * Hands bundles over through a bucket of S3 or of a server that speaks like it. All bundles below a prefix
 * share their blobs; each has its own documents. Blobs are streamed and verified in both directions.
 * @throws UsageError `USAGE` for a URL that is none of S3
 */
export function createS3Transport(options: S3TransportOptions): S3Transport {
  const { bucket, prefix, addressing, keepMs, ...asked } = parseS3Location(options.url);
  const address = { bucket, addressing, endpoint: asked.endpoint ?? options.endpoint };
  const client = createS3Client(address, asked.region ?? options.region ?? 'us-east-1', options);
  const place: Place = {
    url: prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`,
    client,
    bucket: createBucket(client),
    uploads: createUploads(client),
    keys: objectKeys(prefix),
    keepMs,
    budget: createMemoryBudget(budgetBytes),
  };
  return {
    location: place.url,
    blobs: createBlobs(place),
    documents: createDocuments(place, options.key),
    expire: (signal) => expire(place, options.key, signal),
    forgetPipeline: (signal) => forget(place, options.key, signal),
    key: options.key,
    keys: (signal) => listBundles(place, signal),
    documentsOf: (key) => createDocuments(place, key),
    async removeKey(key, signal) {
      const { refusal } = await forget(place, key, signal);
      return refusal === undefined ? 'removed' : 'unsupported';
    },
    close: () => client.close(),
  };
}
