import type { CallOptions, Client, Metadata, ServiceError } from '@grpc/grpc-js';
import { abortError, reasonOf } from '@drayage/core';
import { callFailed } from './status.ts';
import { decodeMessage, encodeMessage, type WireMessage, type WireValue } from './wire.ts';

/** The fields of a request, by number. */
export type Fields = readonly (readonly [number, WireValue])[];

/** A connection over which calls are made. Errors are those of {@link callFailed}, or `ABORTED`. */
export interface Channel {
  /** One request, one answer. */
  call(
    method: string,
    request: Fields,
    options?: { readonly timeoutMs?: number | undefined },
  ): Promise<WireMessage>;
  /** One request, many answers. */
  list(method: string, request: Fields): Promise<readonly WireMessage[]>;
  /** Many requests, each sent once the one before was answered; gives the last answer. */
  converse(method: string, requests: AsyncIterable<Fields>): Promise<WireMessage | undefined>;
  close(): void;
}

export interface ChannelOptions {
  /** The unix socket that is dialled. */
  readonly socketPath: string;
  /** Sent with every call. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

// A call waits for other writers of containerd's database, and for the disk below it.
const defaultTimeoutMs = 60_000;
// As containerd itself has it: defaults.DefaultMaxRecvMsgSize.
const maxMessageBytes = 16 * 1024 * 1024;

/** Loads the library that {@link openChannel} needs, which takes a while, so that it is there when it is needed. */
export async function loadContainerdLibrary(): Promise<void> {
  await import('./grpc.ts');
}

/** Opens a gRPC connection over a unix socket; it is dialled with the first call. */
export async function openChannel({ socketPath, headers, signal }: ChannelOptions): Promise<Channel> {
  // Loaded here, because most runs never come to it.
  const grpc = await import('./grpc.ts');
  const client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
    // Go's server refuses the path of a socket as an authority.
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

function callOnce(
  { client, metadata, signal }: Tools,
  method: string,
  request: Fields,
  timeoutMs = defaultTimeoutMs,
): Promise<WireMessage> {
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, answer?: WireMessage): void => {
      stop();
      if (error !== null || answer === undefined) reject(failed(method, signal, error));
      else resolve(answer);
    };
    const call = client.makeUnaryRequest(
      method,
      serialize,
      decodeMessage,
      request,
      metadata,
      within(timeoutMs),
      done,
    );
    const stop = cancelOn(signal, call);
  });
}

async function listAll(
  { client, metadata, signal }: Tools,
  method: string,
  request: Fields,
): Promise<WireMessage[]> {
  const options = within(defaultTimeoutMs);
  const call = client.makeServerStreamRequest(method, serialize, decodeMessage, request, metadata, options);
  const stop = cancelOn(signal, call);
  const answers: WireMessage[] = [];
  try {
    await new Promise((resolve, reject) => {
      call.on('data', (answer: WireMessage) => answers.push(answer));
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

async function converse(
  { client, metadata, signal }: Tools,
  method: string,
  requests: AsyncIterable<Fields>,
): Promise<WireMessage | undefined> {
  const call = client.makeBidiStreamRequest(method, serialize, decodeMessage, metadata);
  const stop = cancelOn(signal, call);
  let last: WireMessage | undefined;
  let heard: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    heard?.reject(error);
  };
  call.on('data', (answer: WireMessage) => {
    last = answer;
    heard?.resolve();
  });
  call.on('error', fail);
  call.on('end', () => {
    fail(new Error('it ended the call'));
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

function serialize(fields: Fields): Buffer {
  return encodeMessage(fields);
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

function failed(method: string, signal: AbortSignal | undefined, error: unknown): Error {
  if (signal?.aborted === true) return abortError(signal, `call ${method} of containerd`);
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'
      ? error.code
      : 2;
  return callFailed(method, code, textOf(error), error);
}

function textOf(error: unknown): string {
  const hasDetails = typeof error === 'object' && error !== null && 'details' in error;
  return hasDetails && typeof error.details === 'string' ? error.details : reasonOf(error);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(reasonOf(error), { cause: error });
}
