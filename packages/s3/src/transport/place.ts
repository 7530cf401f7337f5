import type { Bucket } from '../api/bucket.ts';
import type { S3Client } from '../api/client.ts';
import type { Uploads } from '../api/uploads.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { ObjectKeys } from './object-keys.ts';

/** A handover location in a bucket, as one transport sees it. */
export interface Place {
  /** For messages. */
  readonly url: string;
  readonly client: S3Client;
  readonly bucket: Bucket;
  readonly uploads: Uploads;
  readonly keys: ObjectKeys;
  /** How long blobs are kept (ms); undefined: for ever. */
  readonly keepMs: number | undefined;
  /** Bounds what uploads hold in memory. */
  readonly budget: MemoryBudget;
}
