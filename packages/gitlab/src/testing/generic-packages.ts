import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sendError, sendFile, sendJson } from './reply.ts';
import { nextId, serverNow, type FakePackage, type FakePackageFile, type FakeState } from './state.ts';

/** The parts of a generic package file's URL. */
export interface FileName {
  readonly packageName: string;
  readonly version: string;
  readonly name: string;
}

const namePattern = /^[A-Za-z0-9._\-+]+$/;
const versionPattern = /^(?!.*\.\.)[\w+.-]+$/;

/** The refusal of an upload, judged by its header; undefined: accepted. */
export function uploadRefusal(
  state: FakeState,
  request: IncomingMessage,
  { packageName, version, name }: FileName,
): { readonly status: number; readonly message: string } | undefined {
  if (!namePattern.test(packageName)) return { status: 400, message: 'package_name is invalid' };
  if (!versionPattern.test(version)) return { status: 400, message: 'package_version is invalid' };
  if (!namePattern.test(name)) return { status: 400, message: 'file_name is invalid' };
  const length = request.headers['content-length'];
  if (length === undefined) return { status: 411, message: '411 Length Required' };
  if (Number(length) > state.settings.maxFileBytes) {
    return { status: 413, message: '413 Request Entity Too Large' };
  }
  return undefined;
}

/**
 * Stores the body unchanged, with any content type, as Workhorse does. Does not store a body that breaks
 * off.
 * @see https://docs.gitlab.com/user/packages/generic_packages/#publish-a-single-file
 */
export async function receiveFile(
  state: FakeState,
  request: IncomingMessage,
  response: ServerResponse,
  { name, query, onBytes }: { name: FileName; query: URLSearchParams; onBytes: (count: number) => void },
): Promise<void> {
  const path = join(state.dir, randomUUID());
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _, done) {
      if (state.settings.spoilsUploads) chunk[0] = (chunk[0] ?? 0) ^ 1;
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      onBytes(chunk.byteLength);
      done(null, chunk);
    },
  });
  try {
    await pipeline(request, counting, createWriteStream(path));
  } catch {
    await rm(path, { force: true });
    return;
  }
  const earlier = [...state.files.values()].some((file) => isFile(file, name));
  if (earlier && !state.settings.allowsDuplicates) {
    await rm(path, { force: true });
    sendError(response, 400, '400 Bad request - Duplicate package is not allowed');
    return;
  }
  const owner = findOrCreatePackage(state, name, query.get('status') ?? undefined);
  const file: FakePackageFile = {
    id: nextId(state),
    packageId: owner.id,
    packageName: name.packageName,
    packageVersion: name.version,
    name: name.name,
    sizeBytes,
    sha256: hash.digest('hex'),
    createdAt: serverNow(state),
    path,
  };
  state.files.set(file.id, file);
  if (query.get('select') === 'package_file') sendJson(response, 200, fileJson(file));
  else sendJson(response, 201, { message: '201 Created' });
}

/** Sends the newest file of that name, or a redirect to it. */
export async function serveFile(
  state: FakeState,
  request: IncomingMessage,
  response: ServerResponse,
  name: FileName,
): Promise<void> {
  const file = [...state.files.values()].findLast((candidate) => isFile(candidate, name));
  if (file === undefined) {
    sendError(response, 404, '404 Not Found');
    return;
  }
  if (state.settings.downloads === 'inline') {
    response.setHeader('x-checksum-sha256', file.sha256);
    await sendFile(request, response, file.path);
    return;
  }
  const signature = randomUUID();
  state.signatures.set(signature, file);
  response.writeHead(302, {
    location: `${state.storageUrl}/packages/${String(file.id)}?X-Amz-Signature=${signature}`,
    'content-length': 0,
  });
  response.end();
}

/** One file, in the API's format. */
export function fileJson(file: FakePackageFile): object {
  const createdAt = new Date(file.createdAt).toISOString();
  return {
    id: file.id,
    package_id: file.packageId,
    created_at: createdAt,
    updated_at: createdAt,
    file_name: file.name,
    size: file.sizeBytes,
    file_md5: null,
    file_sha1: null,
    file_sha256: file.sha256,
  };
}

function isFile(file: FakePackageFile, { packageName, version, name }: FileName): boolean {
  return file.packageName === packageName && file.packageVersion === version && file.name === name;
}

function findOrCreatePackage(
  state: FakeState,
  { packageName, version }: FileName,
  status: string | undefined,
): FakePackage {
  const found = [...state.packages.values()].find(
    (candidate) => candidate.name === packageName && candidate.version === version,
  );
  const owner: FakePackage = found ?? {
    id: nextId(state),
    name: packageName,
    version,
    status: 'default',
    createdAt: serverNow(state),
  };
  owner.status = status ?? owner.status;
  state.packages.set(owner.id, owner);
  return owner;
}
