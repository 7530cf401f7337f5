import { Packages } from '@gitbeaker/rest';
import { isObject } from '@drayage/core';
import type { HttpBody, HttpResponse } from '../http/connections.ts';
import { readBytes } from '../http/read-text.ts';
import { statusOf } from './failures.ts';
import type { GitlabClient } from './gitlab-client.ts';
import type { Operation } from './operation.ts';
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
  /** Hexadecimal, of the bytes as GitLab got them; undefined where it does not tell. */
  readonly sha256: string | undefined;
  /** By the server's clock (ms since the epoch). */
  readonly createdAt: number;
}

/** Where a file is, or shall be. */
export interface FilePlace {
  readonly version: string;
  /** Of `A-Z a-z 0-9 . _ - +` only. */
  readonly name: string;
}

/** The generic package of one name in one project. Files of one name may be there several times; the newest is the one that is served. */
export interface PackageRegistry {
  /** Every file of a version, oldest first; none when there is no such version. */
  files(operation: Operation, version: string, signal?: AbortSignal): Promise<readonly PackageFile[]>;
  /** The versions, oldest first, at most 100. */
  oldestVersions(operation: Operation, signal?: AbortSignal): Promise<readonly PackageVersion[]>;
  /** One upload, not tried again. Undefined: the file is there, and the group allows no duplicates. */
  upload(
    operation: Operation,
    place: FilePlace,
    body: HttpBody,
    signal?: AbortSignal,
  ): Promise<PackageFile | undefined>;
  /** One try to read a file from `offset` on; undefined: it is not there. The answer may begin earlier: see its status. */
  download(
    operation: Operation,
    place: FilePlace,
    offset: number,
    signal?: AbortSignal,
  ): Promise<HttpResponse | undefined>;
  /** Forgets a file; one that is not there is fine. */
  removeFile(operation: Operation, file: PackageFile, signal?: AbortSignal): Promise<void>;
  /** Forgets a version with all its files; one that is not there is fine. */
  removeVersion(operation: Operation, id: number, signal?: AbortSignal): Promise<void>;
}

// The most that GitLab gives at once.
const perPage = 100;
const maxAnswerBytes = 64 * 1024;

/** @see https://docs.gitlab.com/user/packages/generic_packages/ and https://docs.gitlab.com/api/packages/ */
export function createPackageRegistry(client: GitlabClient, packageName: string): PackageRegistry {
  const { projectId } = client;
  const resource = (operation: Operation, signal: AbortSignal | undefined): Packages =>
    new Packages(resourceOptions(client, operation, signal));
  const query = { projectId, packageName, status: 'hidden', perPage } as const;
  const pathOf = ({ version, name }: FilePlace): string =>
    ['projects', projectId, 'packages/generic', packageName, version, name].map(encodePath).join('/');
  return {
    async files(operation, version, signal) {
      const api = resource(operation, signal);
      // The types of the library know neither this filter nor that lists of files have pages.
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
    async upload(operation, place, body, signal) {
      const request = { method: 'PUT', path: pathOf(place), query: 'status=hidden&select=package_file' };
      const headers = { 'content-type': 'application/octet-stream' };
      try {
        const response = await client.request(operation, { ...request, headers, body, signal });
        const { bytes } = await readBytes(response.body, maxAnswerBytes);
        return parseFile(JSON.parse(bytes.toString('utf8'))) ?? unnamedFile(place, body);
      } catch (error) {
        if (isDuplicate(error)) return undefined;
        throw error;
      }
    },
    async download(operation, place, offset, signal) {
      const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${String(offset)}-` };
      const request = { method: 'GET', path: pathOf(place), headers, signal };
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

/** GitLab looks for packages whose name contains the one that was asked for; older ones know no filter by version. */
function ownVersions(found: unknown, packageName: string): readonly PackageVersion[] {
  const entries: readonly unknown[] = Array.isArray(found) ? found : [];
  return entries.flatMap((entry) => {
    if (!isObject(entry) || entry['name'] !== packageName || entry['package_type'] !== 'generic') return [];
    const { id, version, created_at: createdAt } = entry;
    if (typeof id !== 'number' || typeof version !== 'string') return [];
    return [{ id, version, createdAt: Date.parse(String(createdAt)) }];
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
    createdAt: Date.parse(String(createdAt)),
  };
}

/** For a GitLab that only says that it has it. Its id is that of no file. */
function unnamedFile({ name }: FilePlace, { sizeBytes }: HttpBody): PackageFile {
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
