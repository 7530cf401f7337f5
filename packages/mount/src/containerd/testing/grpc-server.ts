import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { decodeMessage, encodeMessage, type WireMessage, type WireValue } from '../wire.ts';

type Answer = readonly (readonly [number, WireValue])[];

/** What a handler may do instead of answering. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** Answers each request of a call: any number of messages, then a refusal perhaps; undefined: silence. */
export type Handler = (
  request: WireMessage,
  headers: IncomingHttpHeaders,
) =>
  | {
      readonly answers: readonly Answer[];
      readonly refusal?: Refusal | undefined;
      readonly end?: boolean | undefined;
    }
  | undefined;

/** A gRPC server on a unix socket that speaks plain HTTP/2. @see github.com/grpc/grpc doc/PROTOCOL-HTTP2.md */
export async function startGrpcServer(
  socketPath: string,
  handlers: Readonly<Record<string, Handler>>,
): Promise<{ stop(): Promise<void> }> {
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
    readMessages(stream, (bytes) => {
      const reply = handler(decodeMessage(bytes), headers);
      for (const answer of reply?.answers ?? []) stream.write(framed(encodeMessage(answer)));
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

function framed(message: Buffer): Buffer {
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
