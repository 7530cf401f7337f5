import { createHash } from 'node:crypto';
import type { PackageRegistry } from '../api/package-registry.ts';
import type { GitlabClient } from '../api/gitlab-client.ts';
import type { Keep } from './location.ts';

/** The location of one pipeline's bundle. */
export interface BundleLocation {
  /** Safe for messages. */
  readonly url: string;
  readonly registry: PackageRegistry;
  readonly client: GitlabClient;
  readonly keep: Keep;
  /** The package version with the documents. */
  readonly documentsVersion: string;
  /** The package version with the blobs. */
  readonly blobsVersion: string;
}

/** The package version with the blobs that pipelines share. */
export const sharedVersion = 'blobs';

const versionPattern = /^(?!.*\.\.)[\w+-][\w.+-]{0,126}$/;

/** The version of the package for a pipeline: its id, or a hash of an id that GitLab would reject. */
export function pipelineVersion(pipeline: string): string {
  if (versionPattern.test(pipeline) && pipeline !== sharedVersion) return pipeline;
  return `p-${createHash('sha256').update(pipeline).digest('hex').slice(0, 32)}`;
}
