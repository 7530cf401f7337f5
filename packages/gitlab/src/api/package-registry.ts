import { Packages } from '@gitbeaker/rest';
import { isObject } from '@drayage/core';
import {
  rangeFrom,
  readJson,
  statusOf,
  type HttpBody,
  type HttpResponse,
  type Operation,
} from '@drayage/http';
import type { GitlabClient } from './gitlab-client.ts';
import { resourceOptions } from './requester.ts';

/** One version of the package. */
export interface PackageVersion {
  readonly id: number;
  readonly version: string;
  /** By the server's clock (ms since the epoch). */
  readonly createdAt: number;
}

/** A file of one version of the package. */
export interface PackageFile {
  readonly id: number;
  readonly packageId: number;
  readonly name: string;
  readonly sizeBytes: number;
  /** Hexadecimal, of the bytes that GitLab received; undefined if it does not say. */
  readonly sha256: string | undefined;
  /** By the server's clock (ms since the epoch). */
  readonly createdAt: number;
}

/** The name of a file, and its package version. */
export interface FileName {
  readonly version: string;
  /** Only `A-Z a-z 0-9 . _ - +`. */
  readonly name: string;
}

/** A generic package of a project. Several files can have the same name; GitLab serves the newest. */
export interface PackageRegistry {
  /** Every file of a version, oldest first; empty if the version does not exist. */
  files(operation: Operation, version: string, signal?: AbortSignal): Promise<readonly PackageFile[]>;
  /** The versions, oldest first, at most 100. */
  oldestVersions(operation: Operation, signal?: AbortSignal): Promise<readonly PackageVersion[]>;
  /** Tries once to upload a file. Undefined: it exists, and the group forbids duplicates. */
  upload(
    operation: Operation,
    file: FileName,
    body: HttpBody,
    signal?: AbortSignal,
  ): Promise<PackageFile | undefined>;
  /**
   * Tries once to read a file from `offset` on; undefined: not found. The response can begin earlier: see
   * `surplusBytes`.
   */
  download(
    operation: Operation,
    file: FileName,
    offset: number,
    signal?: AbortSignal,
  ): Promise<HttpResponse | undefined>;
  /** Deletes a file; does nothing if it is absent. */
  removeFile(operation: Operation, file: PackageFile, signal?: AbortSignal): Promise<void>;
  /** Deletes a version with all its files; does nothing if it is absent. */
  removeVersion(operation: Operation, id: number, signal?: AbortSignal): Promise<void>;
}

// GitLab's maximum page size.
const perPage = 100;
const maxAnswerBytes = 64 * 1024;

/** @see https://docs.gitlab.com/user/packages/generic_packages/ and https://docs.gitlab.com/api/packages/ */
export function createPackageRegistry(client: GitlabClient, packageName: string): PackageRegistry {
  const { projectId } = client;
  const resource = (operation: Operation, signal: AbortSignal | undefined): Packages =>
    new Packages(resourceOptions(client, operation, signal));
  const query = { projectId, packageName, status: 'hidden', perPage } as const;
  const pathOf = ({ version, name }: FileName): string =>
    ['projects', projectId, 'packages/generic', packageName, version, name].map(encodePath).join('/');
  return {
    async files(operation, version, signal) {
      const api = resource(operation, signal);
      // The library's types lack this filter and the paging of file lists.
      const [filter, pages] = [
        { ...query, packageVersion: version },
        { showExpanded: false, perPage } as const,
      ];
      const found: unknown = await api.all(filter);
      const versions = ownVersions(found, packageName).filter((candidate) => candidate.version === version);
      const lists = await Promise.all(
        versions.map(async ({ id }) => parseFiles(await api.allFiles(projectId, id, pages))),
      );
      return lists.flat().sort((a, b) => a.id - b.id);
    },
    async oldestVersions(operation, signal) {
      const order = { orderBy: 'created_at', sort: 'asc', maxPages: 1 } as const;
      const found: unknown = await resource(operation, signal).all({ ...query, ...order });
      return ownVersions(found, packageName);
    },
    async upload(operation, file, body, signal) {
      const request = { method: 'PUT', path: pathOf(file), query: 'status=hidden&select=package_file' };
      const headers = { 'content-type': 'application/octet-stream' };
      try {
        const response = await client.request(operation, { ...request, headers, body, signal });
        return parseFile(await readJson(response, maxAnswerBytes)) ?? unnamedFile(file, body);
      } catch (error) {
        if (isDuplicate(error)) return undefined;
        throw error;
      }
    },
    async download(operation, file, offset, signal) {
      const request = { method: 'GET', path: pathOf(file), headers: rangeFrom(offset), signal };
      const response = await client.request(operation, request, [404]);
      if (response.status !== 404) return response;
      response.body.resume();
      return undefined;
    },
    async removeFile(operation, { packageId, id }, signal) {
      await ignoringAbsence(resource(operation, signal).removeFile(projectId, packageId, id));
    },
    async removeVersion(operation, id, signal) {
      await ignoringAbsence(resource(operation, signal).remove(projectId, id));
    },
  };
}

function encodePath(part: string): string {
  return part.split('/').map(encodeURIComponent).join('/');
}

/**
 * GitLab's filter also matches names that contain the requested one; older versions have no filter by
 * version.
 */
function ownVersions(found: unknown, packageName: string): readonly PackageVersion[] {
  const entries: readonly unknown[] = Array.isArray(found) ? found : [];
  return entries.flatMap((entry) => {
    if (!isObject(entry) || entry['name'] !== packageName || entry['package_type'] !== 'generic') return [];
    const { id, version, created_at: createdAt } = entry;
    if (typeof id !== 'number' || typeof version !== 'string') return [];
    return [{ id, version, createdAt: timeOf(createdAt) }];
  });
}

function parseFiles(found: unknown): readonly PackageFile[] {
  const entries: readonly unknown[] = Array.isArray(found) ? found : [];
  return entries.flatMap((entry) => parseFile(entry) ?? []);
}

function parseFile(value: unknown): PackageFile | undefined {
  if (!isObject(value)) return undefined;
  const {
    id,
    package_id: packageId,
    file_name: name,
    size,
    file_sha256: sha256,
    created_at: createdAt,
  } = value;
  if (typeof id !== 'number' || typeof packageId !== 'number') return undefined;
  if (typeof name !== 'string' || typeof size !== 'number') return undefined;
  return {
    id,
    packageId,
    name,
    sizeBytes: size,
    sha256: typeof sha256 === 'string' ? sha256 : undefined,
    createdAt: timeOf(createdAt),
  };
}

/** NaN for what is no time. */
function timeOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

/** For a GitLab that confirms an upload without details. No file has id 0. */
function unnamedFile({ name }: FileName, { sizeBytes }: HttpBody): PackageFile {
  return { id: 0, packageId: 0, name, sizeBytes, sha256: undefined, createdAt: Number.NaN };
}

function isDuplicate(error: unknown): boolean {
  return statusOf(error) === 400 && error instanceof Error && /duplicate/i.test(error.message);
}

async function ignoringAbsence(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}
