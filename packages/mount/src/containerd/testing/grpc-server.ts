import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { join } from 'node:path';
import protobuf, { type Method } from 'protobufjs';

// Uses another protobuf library than the client, so a mistake in either shows.
const protoFolder = join(import.meta.dirname, '../../../proto');

/** A message as protobufjs represents it: int64 as number, enums as names. */
export type PlainMessage = Readonly<Record<string, unknown>>;

/** An error that a handler returns instead of answers. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/**
 * Answers each request of a call with messages, optionally followed by a refusal; undefined: no answer at
 * all.
 */
export type Handler = (
  request: PlainMessage,
  headers: IncomingHttpHeaders,
) =>
  | {
      readonly answers: readonly PlainMessage[];
      readonly refusal?: Refusal | undefined;
      readonly end?: boolean | undefined;
    }
  | undefined;

/**
 * Starts a gRPC server on a unix socket, over plain HTTP/2.
 * @see github.com/grpc/grpc doc/PROTOCOL-HTTP2.md
 */
export async function startGrpcServer(
  socketPath: string,
  handlers: Readonly<Record<string, Handler>>,
): Promise<{ stop(): Promise<void> }> {
  const files = ['images', 'content', 'leases', 'snapshots', 'introspection'];
  const root = await new protobuf.Root().load(files.map((name) => join(protoFolder, `${name}.proto`)));
  root.resolveAll();
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    const handler = handlers[headers[':path'] ?? ''];
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    let status: Refusal = { status: 0, text: '' };
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': String(status.status), 'grpc-message': encodeURI(status.text) });
    });
    stream.on('error', () => undefined);
    if (handler === undefined) {
      status = { status: 12, text: 'no such method' };
      stream.end();
      return;
    }
    const codec = codecOf(root, headers[':path'] ?? '');
    readMessages(stream, (bytes) => {
      const reply = handler(codec.decode(bytes), headers);
      for (const answer of reply?.answers ?? []) stream.write(framed(codec.encode(answer)));
      status = reply?.refusal ?? status;
      if (reply?.refusal !== undefined || reply?.end === true) stream.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    async stop() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Codec {
  readonly decode: (bytes: Uint8Array) => PlainMessage;
  readonly encode: (answer: PlainMessage) => Uint8Array;
}

/** The codec for the method at `/package.Service/Method`. */
function codecOf(root: protobuf.Root, path: string): Codec {
  const [, service = '', name = ''] = path.split('/');
  const method: Method | undefined = root.lookupService(service).methods[name];
  const input = method?.resolvedRequestType ?? undefined;
  const output = method?.resolvedResponseType ?? undefined;
  if (input === undefined || output === undefined) throw new Error(`proto files have no method ${path}`);
  return {
    decode: (bytes) =>
      input.toObject(input.decode(bytes), { longs: Number, enums: String, defaults: true, arrays: true }),
    encode: (answer) => output.encode(output.fromObject(answer)).finish(),
  };
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function readMessages(stream: ServerHttp2Stream, each: (message: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
      const end = 5 + pending.readUInt32BE(1);
      const message = pending.subarray(5, end);
      pending = pending.subarray(end);
      each(message);
    }
  });
}
