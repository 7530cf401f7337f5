import { Buffer } from 'node:buffer';
import { ranged, refusal, type Answer } from './answer.ts';
import type { StrictSettings } from './settings.ts';
import { StrictState } from './state.ts';

/** A request whose body has arrived. */
export interface StrictCall {
  readonly method: string;
  readonly repository: string;
  /** After the repository: `blobs/sha256:…`. */
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** The answer of a registry. @see distribution-spec v1.1.1, "Endpoints" */
export function route(
  state: StrictState,
  settings: StrictSettings,
  call: StrictCall,
  storageHost: string,
): Answer {
  const { method, rest } = call;
  if (method === 'DELETE' && !settings.deletes) return refusal(405, 'UNSUPPORTED');
  if (rest === 'tags/list') return tagList(state, call);
  if (rest.startsWith('manifests/')) return manifestRoute(state, settings, call);
  if (rest.startsWith('blobs/uploads/')) return uploadRoute(state, settings, call);
  return blobRoute(state, settings, call, storageHost);
}

function tagList(state: StrictState, { repository, query }: StrictCall): Answer {
  const all = [...state.repository(repository).manifests.keys()].filter((name) => !name.includes(':')).sort();
  const last = query.get('last') ?? '';
  const page = all.filter((tag) => tag > last).slice(0, Math.min(Number(query.get('n') ?? 3), 3));
  const end = page.at(-1) ?? '';
  const next = `</v2/${repository}/tags/list?n=3&last=${end}>; rel="next"`;
  const body = Buffer.from(JSON.stringify({ name: repository, tags: page }));
  return { status: 200, headers: end === '' || end === all.at(-1) ? {} : { link: next }, body };
}

function manifestRoute(state: StrictState, settings: StrictSettings, call: StrictCall): Answer {
  const { method, repository, rest, body } = call;
  const name = rest.slice('manifests/'.length);
  const { manifests, blobs } = state.repository(repository);
  if (method === 'PUT') {
    if (body.byteLength > 4 * 1024 * 1024) return refusal(413, 'SIZE_INVALID');
    const references = StrictState.referencesOf(body);
    const { allowedTypes } = settings;
    if (references.some(({ mediaType }) => allowedTypes?.includes(mediaType) === false)) {
      return refusal(400, 'MANIFEST_INVALID');
    }
    if (references.some(({ digest }) => !blobs.has(digest))) return refusal(400, 'MANIFEST_BLOB_UNKNOWN');
    const mediaType = call.headers['content-type'] ?? '';
    const digest = state.addManifest(repository, name, { bytes: body, mediaType });
    return { status: 201, headers: { 'docker-content-digest': digest } };
  }
  const digest = manifests.get(name);
  const stored = state.manifests.get(digest ?? '');
  if (digest === undefined || stored === undefined) return refusal(404, 'MANIFEST_UNKNOWN');
  if (method === 'DELETE') {
    if (!name.includes(':')) return refusal(400, 'UNSUPPORTED');
    for (const [key, value] of manifests) if (value === digest) manifests.delete(key);
    return { status: 202 };
  }
  const headers = { 'content-type': stored.mediaType, 'docker-content-digest': digest };
  return { status: 200, headers, body: stored.bytes };
}

function uploadRoute(state: StrictState, settings: StrictSettings, call: StrictCall): Answer {
  const { method, repository, rest, query, body } = call;
  if (method === 'POST') {
    const [mount, from] = [query.get('mount') ?? '', query.get('from') ?? ''];
    if (settings.mounts && state.repository(from).blobs.has(mount)) {
      state.repository(repository).blobs.add(mount);
      return { status: 201, headers: { location: `/v2/${repository}/blobs/${mount}` } };
    }
    return accepted(repository, state.beginUpload(repository), 0);
  }
  const id = rest.slice('blobs/uploads/'.length);
  if (method === 'PATCH' && settings.maxChunkBytes === 0) return refusal(405, 'UNSUPPORTED');
  if (method === 'PATCH' && body.byteLength > settings.maxChunkBytes) return refusal(416, 'SIZE_INVALID');
  if (body.byteLength > settings.maxUploadBytes) return refusal(413, 'SIZE_INVALID');
  const size = state.append(id, body);
  if (size === undefined) return refusal(404, 'BLOB_UPLOAD_UNKNOWN');
  if (method === 'PATCH') return accepted(repository, id, size);
  if (call.headers['content-type'] !== 'application/octet-stream') return refusal(415, 'UNSUPPORTED');
  const digest = query.get('digest') ?? '';
  if (query.get('state') !== 'opaque' || !state.finishUpload(id, digest))
    return refusal(400, 'DIGEST_INVALID');
  return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}` } };
}

function accepted(repository: string, id: string, size: number): Answer {
  const location = `/v2/${repository}/blobs/uploads/${id}?state=opaque`;
  return { status: 202, headers: { location, range: `0-${String(Math.max(0, size - 1))}` } };
}

function blobRoute(
  state: StrictState,
  settings: StrictSettings,
  call: StrictCall,
  storageHost: string,
): Answer {
  const { method, repository, rest, headers } = call;
  const digest = rest.slice('blobs/'.length);
  const { blobs } = state.repository(repository);
  const bytes = state.blobs.get(digest);
  if (bytes === undefined || !blobs.has(digest)) return refusal(404, 'BLOB_UNKNOWN');
  if (method === 'DELETE') {
    blobs.delete(digest);
    return { status: 202 };
  }
  if (settings.redirects) {
    return {
      status: 307,
      headers: { location: `http://${storageHost}/${digest}?signature=planted-signature` },
    };
  }
  return ranged(bytes, headers['range'], { 'docker-content-digest': digest });
}
