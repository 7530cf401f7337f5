import type { Transport } from '@drayage/core';
import type { GitlabAccess } from '../api/access.ts';
import { createGitlabClient } from '../api/gitlab-client.ts';
import { createPackageRegistry } from '../api/package-registry.ts';
import { createBlobFiles } from './blob-files.ts';
import { createBlobs } from './blobs.ts';
import { createDocuments } from './documents.ts';
import { expire, forgetPipeline, type ExpiryReport } from './expire.ts';
import { parseGitlabLocation } from './location.ts';
import { pipelineVersion, sharedVersion, type BundleLocation } from './bundle-location.ts';
import { createPruner } from './prune.ts';

export interface GitlabTransportOptions extends GitlabAccess {
  /** `gitlab://packages/NAME?keep=…`. */
  readonly url: string;
  /** `CI_PIPELINE_ID`. */
  readonly pipeline: string;
}

/** A handover location that can be cleaned up. */
export interface GitlabTransport extends Transport {
  /**
   * Deletes expired files, but none that a pipeline of that time relies on. A token that cannot delete
   * is not an error.
   * @throws TransferError `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`; DrayError `ABORTED`
   */
  expire(signal?: AbortSignal): Promise<ExpiryReport>;
  /** Deletes only the files of this pipeline, for its last job. @throws as `expire` */
  forgetPipeline(signal?: AbortSignal): Promise<ExpiryReport>;
}

/**
 * Hands over a bundle through the generic packages of a GitLab project. Each pipeline has a version of the
 * package for its documents. Blobs are in a version that all pipelines share, so that unchanged blobs are not
 * uploaded again; with `keep=pipeline` they are beside the documents. GitLab's pages hide all files. Blobs
 * are streamed, and verified in both directions.
 * @throws UsageError `USAGE` for a URL other than `gitlab://packages…`
 * @see https://docs.gitlab.com/user/packages/generic_packages/
 */
export function createGitlabTransport(options: GitlabTransportOptions): GitlabTransport {
  const { packageName, keep } = parseGitlabLocation(options.url);
  const client = createGitlabClient(options);
  const documentsVersion = pipelineVersion(options.pipeline);
  const location: BundleLocation = {
    url: `${client.apiUrl.href}projects/${options.projectId}/packages/generic/${packageName}/${documentsVersion}`,
    registry: createPackageRegistry(client, packageName),
    client,
    keep,
    documentsVersion,
    blobsVersion: keep.kind === 'pipeline' ? documentsVersion : sharedVersion,
  };
  const files = createBlobFiles(location);
  const prune = createPruner(location);
  return {
    location: location.url,
    blobs: createBlobs(location, files),
    documents: createDocuments(location, prune),
    expire: (signal) => expire(location, files, signal),
    forgetPipeline: (signal) => forgetPipeline(location, files, signal),
    async close() {
      await prune.settled();
      await client.close();
    },
  };
}
