import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import type { CallOptions, Client, Metadata, ServiceError } from '@grpc/grpc-js';
import { abortError, reasonOf } from '@drayage/core';
import { callFailed } from './status.ts';

/** A connection for calls. Calls reject with the errors of {@link callFailed}, or `ABORTED`. */
export interface Channel {
  /** One request, one answer. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: { readonly timeoutMs?: number | undefined },
  ): Promise<MessageShape<O>>;
  /** One request, many answers. */
  list<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ): Promise<readonly MessageShape<O>[]>;
  /** Sends each request after the answer to the previous one; resolves with the last answer. */
  converse<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
  ): Promise<MessageShape<O> | undefined>;
  close(): void;
}

export interface ChannelOptions {
  /** Path of a unix socket. */
  readonly socketPath: string;
  /** Metadata for every call. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

// A call may wait for other writers of containerd's database, and for its disk.
const defaultTimeoutMs = 60_000;
// containerd's defaults.DefaultMaxRecvMsgSize
const maxMessageBytes = 16 * 1024 * 1024;

/** Preloads the gRPC library for {@link openChannel}, because loading takes a while. */
export async function loadContainerdLibrary(): Promise<void> {
  await import('./grpc.ts');
}

/** Opens a gRPC channel over a unix socket, which connects on the first call. */
export async function openChannel({ socketPath, headers, signal }: ChannelOptions): Promise<Channel> {
  // Loaded on demand, because most runs do not need it.
  const grpc = await import('./grpc.ts');
  const client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
    // Go's server rejects the path of a socket as an authority.
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': maxMessageBytes,
  });
  const metadata = grpc.Metadata.fromHttp2Headers({ ...headers });
  const tools = { client, metadata, signal };
  return {
    call: (method, request, options) => callOnce(tools, method, request, options?.timeoutMs),
    list: (method, request) => listAll(tools, method, request),
    converse: (method, requests) => converse(tools, method, requests),
    close: () => {
      client.close();
    },
  };
}

interface Tools {
  readonly client: Client;
  readonly metadata: Metadata;
  readonly signal: AbortSignal | undefined;
}

function callOnce<I extends DescMessage, O extends DescMessage>(
  { client, metadata, signal }: Tools,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  timeoutMs = defaultTimeoutMs,
): Promise<MessageShape<O>> {
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, answer?: MessageShape<O>): void => {
      stop();
      if (error !== null || answer === undefined) reject(failed(method, signal, error));
      else resolve(answer);
    };
    const { path, serialize, deserialize } = wireOf(method);
    const options = within(timeoutMs);
    const call = client.makeUnaryRequest(path, serialize, deserialize, request, metadata, options, done);
    const stop = cancelOn(signal, call);
  });
}

async function listAll<I extends DescMessage, O extends DescMessage>(
  { client, metadata, signal }: Tools,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
): Promise<MessageShape<O>[]> {
  const { path, serialize, deserialize } = wireOf(method);
  const options = within(defaultTimeoutMs);
  const call = client.makeServerStreamRequest(path, serialize, deserialize, request, metadata, options);
  const stop = cancelOn(signal, call);
  const answers: MessageShape<O>[] = [];
  try {
    await new Promise((resolve, reject) => {
      call.on('data', (answer: MessageShape<O>) => answers.push(answer));
      call.once('end', resolve);
      call.once('error', reject);
    });
    return answers;
  } catch (error) {
    throw failed(method, signal, error);
  } finally {
    stop();
  }
}

async function converse<I extends DescMessage, O extends DescMessage>(
  { client, metadata, signal }: Tools,
  method: DescMethodBiDiStreaming<I, O>,
  requests: AsyncIterable<MessageInitShape<I>>,
): Promise<MessageShape<O> | undefined> {
  const { path, serialize, deserialize } = wireOf(method);
  const call = client.makeBidiStreamRequest(path, serialize, deserialize, metadata);
  const stop = cancelOn(signal, call);
  let last: MessageShape<O> | undefined;
  let heard: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    heard?.reject(error);
  };
  call.on('data', (answer: MessageShape<O>) => {
    last = answer;
    heard?.resolve();
  });
  call.on('error', fail);
  call.on('end', () => {
    fail(new Error('the server ended the call'));
  });
  try {
    for await (const request of requests) {
      await new Promise<void>((resolve, reject) => {
        heard = { resolve, reject };
        if (failure !== undefined) reject(asError(failure.error));
        else call.write(request);
      });
    }
    call.end();
    return last;
  } catch (error) {
    call.cancel();
    if (failure === undefined) throw error;
    throw failed(method, signal, failure.error);
  } finally {
    stop();
  }
}

interface Wire<I extends DescMessage, O extends DescMessage> {
  readonly path: string;
  readonly serialize: (request: MessageInitShape<I>) => Buffer;
  readonly deserialize: (bytes: Uint8Array) => MessageShape<O>;
}

interface Method<I extends DescMessage, O extends DescMessage> {
  readonly name: string;
  readonly parent: { readonly typeName: string };
  readonly input: I;
  readonly output: O;
}

/** @see github.com/grpc/grpc doc/PROTOCOL-HTTP2.md, "Path" */
function wireOf<I extends DescMessage, O extends DescMessage>({
  name,
  parent,
  input,
  output,
}: Method<I, O>): Wire<I, O> {
  return {
    path: `/${parent.typeName}/${name}`,
    serialize: (request) => {
      const { buffer, byteOffset, byteLength } = toBinary(input, create(input, request));
      return Buffer.from(buffer, byteOffset, byteLength);
    },
    deserialize: (bytes) => fromBinary(output, bytes),
  };
}

function within(timeoutMs: number): CallOptions {
  return { deadline: Date.now() + timeoutMs };
}

function cancelOn(signal: AbortSignal | undefined, call: { cancel(): void }): () => void {
  const cancel = (): void => {
    call.cancel();
  };
  if (signal?.aborted === true) cancel();
  signal?.addEventListener('abort', cancel);
  return () => signal?.removeEventListener('abort', cancel);
}

function failed({ name, parent }: DescMethod, signal: AbortSignal | undefined, error: unknown): Error {
  const path = `/${parent.typeName}/${name}`;
  if (signal?.aborted === true) return abortError(signal, `call ${path} of containerd`);
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'
      ? error.code
      : 2;
  return callFailed(path, code, textOf(error), error);
}

function textOf(error: unknown): string {
  const hasDetails = typeof error === 'object' && error !== null && 'details' in error;
  return hasDetails && typeof error.details === 'string' ? error.details : reasonOf(error);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(reasonOf(error), { cause: error });
}
