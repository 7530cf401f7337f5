import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusalOf, type Deed } from './access.ts';
import { fileJson, receiveFile, serveFile, uploadRefusal } from './generic-packages.ts';
import { sendError, sendPage } from './reply.ts';
import type { FakeJob, FakePackage, FakeState, TokenKind } from './state.ts';

/** One request and its response. */
export interface Exchange {
  readonly state: FakeState;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The complete URL, as the client sent it. */
  readonly url: URL;
  /** The segments below `/api/v4/projects/:id`, decoded. */
  readonly segments: readonly string[];
  readonly token: TokenKind;
  readonly onBytes: (count: number) => void;
}

/** Answers a request to a project that exists. */
export async function route(exchange: Exchange): Promise<void> {
  const { request, segments } = exchange;
  const [first, second, third] = segments;
  if (first === 'pipelines' && segments.length === 3 && third === 'jobs' && request.method === 'GET') {
    listJobs(exchange, Number(second));
  } else if (first === 'packages' && second === 'generic' && segments.length >= 5) {
    await genericPackage(exchange);
  } else if (first === 'packages') {
    await packages(exchange);
  } else {
    sendError(exchange.response, 404, '404 Not Found');
  }
}

function isRefused({ state, token, response, request }: Exchange, deed: Deed): boolean {
  const refusal = refusalOf(state, token, deed);
  if (refusal === undefined) return false;
  // The refused body is not read.
  if (request.method === 'PUT') response.setHeader('connection', 'close');
  sendError(response, refusal.status, refusal.message);
  return true;
}

function listJobs(exchange: Exchange, pipelineId: number): void {
  if (isRefused(exchange, 'list jobs')) return;
  const { state, response, url } = exchange;
  const jobs = state.jobs.get(pipelineId);
  if (jobs === undefined) {
    sendError(response, 404, '404 Not found');
    return;
  }
  const includesRetried = url.searchParams.get('include_retried') === 'true';
  const listed = jobs
    .map((job, position) => ({ ...job, id: job.id ?? position + 1 }))
    .filter(({ isRetried }) => includesRetried || isRetried !== true)
    .sort((a, b) => b.id - a.id);
  sendPage(
    response,
    url,
    listed.map((job) => jobJson(job, pipelineId)),
  );
}

function jobJson({ id, name, status }: FakeJob & { readonly id: number }, pipelineId: number): object {
  return { id, name, status, stage: 'test', allow_failure: true, pipeline: { id: pipelineId } };
}

async function genericPackage(exchange: Exchange): Promise<void> {
  const { state, request, response, url, segments, onBytes } = exchange;
  const name = {
    packageName: segments[2] ?? '',
    version: segments[3] ?? '',
    name: segments.slice(4).join('/'),
  };
  if (request.method === 'GET') {
    if (!isRefused(exchange, 'read packages')) await serveFile(state, request, response, name);
    return;
  }
  if (request.method !== 'PUT') {
    sendError(response, 405, '405 Not Allowed');
    return;
  }
  if (isRefused(exchange, 'write packages')) return;
  const refusal = uploadRefusal(state, request, name);
  if (refusal !== undefined) {
    response.setHeader('connection', 'close');
    sendError(response, refusal.status, refusal.message);
    return;
  }
  if (request.headers.expect === '100-continue') response.writeContinue();
  await receiveFile(state, request, response, { name, query: url.searchParams, onBytes });
}

/** @see https://docs.gitlab.com/api/packages/ */
async function packages(exchange: Exchange): Promise<void> {
  const { state, request, response, url, segments } = exchange;
  if (isRefused(exchange, request.method === 'DELETE' ? 'delete packages' : 'read packages')) return;
  const [, id, collection, fileId] = segments;
  if (id === undefined) {
    sendPage(response, url, matchingPackages(state, url.searchParams).map(packageJson));
    return;
  }
  const found = state.packages.get(Number(id));
  const files = [...state.files.values()].filter(({ packageId }) => packageId === found?.id);
  if (found === undefined) {
    sendError(response, 404, '404 Package Not Found');
  } else if (collection === undefined && request.method === 'DELETE') {
    state.packages.delete(found.id);
    await Promise.all(files.map((file) => forget(state, file.id)));
    sendNothing(response);
  } else if (collection === 'package_files' && fileId === undefined) {
    sendPage(response, url, files.map(fileJson));
  } else if (collection === 'package_files' && request.method === 'DELETE') {
    const file = files.find((candidate) => candidate.id === Number(fileId));
    if (file === undefined) {
      sendError(response, 404, '404 Not Found');
      return;
    }
    await forget(state, file.id);
    sendNothing(response);
  } else {
    sendError(response, 404, '404 Not Found');
  }
}

function matchingPackages(state: FakeState, query: URLSearchParams): readonly FakePackage[] {
  const status = query.get('status');
  const name = query.get('package_name');
  const version = query.get('package_version');
  const type = query.get('package_type');
  return [...state.packages.values()].filter((candidate) => {
    const isStatus = status === null ? candidate.status === 'default' : candidate.status === status;
    // GitLab's search by name is a fuzzy one.
    const isName = name === null || candidate.name.includes(name);
    const isVersion = version === null || candidate.version === version;
    return isStatus && isName && isVersion && (type === null || type === 'generic');
  });
}

function packageJson({ id, name, version, status, createdAt }: FakePackage): object {
  return {
    id,
    name,
    version,
    package_type: 'generic',
    status,
    created_at: new Date(createdAt).toISOString(),
  };
}

async function forget(state: FakeState, fileId: number): Promise<void> {
  const file = state.files.get(fileId);
  state.files.delete(fileId);
  if (file !== undefined) await rm(file.path, { force: true });
}

function sendNothing(response: ServerResponse): void {
  response.writeHead(204);
  response.end();
}
