import { throwIfAborted, type DocumentStore, type Transport } from '@drayage/core';
import { discard, operationAt, operationError, readDecoded } from '@drayage/http';
import { createBlobs } from './blobs.ts';
import { createFileClient, type HttpAccess } from './client.ts';
import { parseHttpLocation } from './location.ts';
import type { Place } from './place.ts';
import { createFileWriter, type FileWriter } from './write-file.ts';

export interface HttpTransportOptions extends HttpAccess {
  /** `https://HOST/PATH`; its query goes along with each request, its user information becomes the login. */
  readonly url: string;
  /** The name of this bundle, as `keyName` of core makes it; undefined: the location has one bundle only. */
  readonly key?: string | undefined;
}

/** More than the port allows. */
const maxDocumentBytes = 8 * 1024 * 1024;

/**
 * Hands a bundle over through a web server. The files are those of a bundle, so any static server, CDN or
 * presigned prefix serves for reading; writing needs PUT, and uses MOVE where it is offered.
 * @throws UsageError `USAGE` for another URL than one of HTTP
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const location = parseHttpLocation(options.url);
  const { login, base } = location;
  const pair = login === undefined ? undefined : `${login.username}:${login.password}`;
  const basic = pair === undefined ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`;
  const client = createFileClient(location, { ...options, authorization: basic ?? options.authorization });
  const documents = options.key === undefined ? '' : `keys/${options.key}/`;
  const place: Place = { url: base.href.replace(/\/$/, ''), client, documents };
  const writer = createFileWriter(client);
  return {
    location: place.url,
    blobs: createBlobs(place, writer),
    documents: createDocuments(place, writer),
    close: () => client.close(),
  };
}

function createDocuments(place: Place, writer: FileWriter): DocumentStore {
  const { client, documents } = place;
  return {
    async read(name, signal) {
      const operation = operationAt(place, 'read', name, { direction: 'from' });
      return client.persist(operation, signal, async () => {
        // A cache on the way must ask the server.
        const headers = { 'cache-control': 'no-cache' };
        const request = { method: 'GET', path: `${documents}${name}`, headers, signal };
        const response = await client.request(operation, request, [404, 410]);
        if (response.status >= 400) {
          await discard(response);
          return undefined;
        }
        const { bytes, isWhole } = await readDecoded(response, maxDocumentBytes);
        if (isWhole) return bytes;
        throw operationError(operation, 'TRANSPORT_IO', 'the document is too large');
      });
    },
    async write(name, bytes, signal) {
      const operation = operationAt(place, 'write', name, { direction: 'to' });
      throwIfAborted(signal, operation.title);
      await client.persist(operation, signal, () =>
        writer.replace(operation, `${documents}${name}`, bytes, signal),
      );
    },
    async delete(name, signal) {
      const operation = operationAt(place, 'delete', name, { direction: 'of' });
      await client.persist(operation, signal, () => writer.remove(operation, `${documents}${name}`, signal));
    },
  };
}
