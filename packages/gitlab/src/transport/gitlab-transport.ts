import type { Transport } from '@drayage/core';
import type { GitlabAccess } from '../api/access.ts';
import { createGitlabClient } from '../api/gitlab-client.ts';
import { createPackageRegistry } from '../api/package-registry.ts';
import { createBlobFiles } from './blob-files.ts';
import { createBlobs } from './blobs.ts';
import { createDocuments } from './documents.ts';
import { expire, forgetPipeline } from './expire.ts';
import type { ExpiryReport } from './expire.ts';
import { parseGitlabLocation } from './location.ts';
import { pipelineVersion, sharedVersion } from './place.ts';
import type { Place } from './place.ts';
import { createPruner } from './prune.ts';

export interface GitlabTransportOptions extends GitlabAccess {
  /** `gitlab://packages/NAME?keep=…`. */
  readonly url: string;
  /** `CI_PIPELINE_ID`. */
  readonly pipeline: string;
}

/** A handover that can clean up behind itself. */
export interface GitlabTransport extends Transport {
  /**
   * Deletes what is older than it is to be kept; nothing that a pipeline of that time relies on. A token that may not delete is no error.
   * @throws TransferError `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`; DrayError `ABORTED`
   */
  expire(signal?: AbortSignal): Promise<ExpiryReport>;
  /** Deletes what belongs to this pipeline alone, for its last job. @throws as `expire` */
  forgetPipeline(signal?: AbortSignal): Promise<ExpiryReport>;
}

/**
 * Hands a bundle over through the generic packages of a GitLab project. Documents are in a version of the package for each pipeline. Blobs
 * are in one that all pipelines share, so that what has not changed is not uploaded again; with `keep=pipeline` they are beside the
 * documents. All files are hidden from GitLab's pages. Blobs are streamed and checked against their digests on both ways.
 * @throws UsageError `USAGE` for a URL that is none of ours
 * @see https://docs.gitlab.com/user/packages/generic_packages/
 */
export function createGitlabTransport(options: GitlabTransportOptions): GitlabTransport {
  const { packageName, keep } = parseGitlabLocation(options.url);
  const client = createGitlabClient(options);
  const documentsVersion = pipelineVersion(options.pipeline);
  const place: Place = {
    location: `${client.apiUrl.href}projects/${options.projectId}/packages/generic/${packageName}/${documentsVersion}`,
    registry: createPackageRegistry(client, packageName),
    client,
    keep,
    documentsVersion,
    blobsVersion: keep.kind === 'pipeline' ? documentsVersion : sharedVersion,
  };
  const files = createBlobFiles(place);
  const prune = createPruner(place);
  return {
    location: place.location,
    blobs: createBlobs(place, files),
    documents: createDocuments(place, prune),
    expire: (signal) => expire(place, files, signal),
    forgetPipeline: (signal) => forgetPipeline(place, files, signal),
    async close() {
      await prune.settled();
      client.close();
    },
  };
}
