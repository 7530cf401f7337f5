import { throwIfAborted, type DrayError, type JsonObject, type TransferError } from '@drayage/core';
import {
  createConnections,
  defaultRetryPolicy,
  discard,
  operationError,
  systemClock,
  unreachable,
  withDrayErrors,
  withRetries,
  type Clock,
  type ConnectionOptions,
  type HttpResponse,
  type Operation,
  type Retry,
  type RetryPolicy,
} from '@drayage/http';
import type { CredentialSource } from '../credentials/credentials.ts';
import { faultIn, readXml, type S3Fault } from './answers.ts';
import { correctionFor, type Correction } from './corrections.ts';
import type { BucketAddress } from './endpoint.ts';
import { answerFailure } from './failures.ts';
import { createSender, type S3Request, type SentRequest } from './sender.ts';

/** How a bucket is reached. */
export interface S3Access extends Pick<ConnectionOptions, 'ca' | 'proxyFor' | 'timeouts' | 'userAgent'> {
  readonly credentials: CredentialSource;
  readonly retryPolicy?: RetryPolicy | undefined;
  readonly clock?: Clock | undefined;
}

export interface XmlAnswer {
  /** By the name of its root element. */
  readonly answer: JsonObject;
  /** When the server sent it (ms since the epoch); NaN if it does not say. */
  readonly date: number;
}

/** Signed requests to one bucket. */
export interface S3Client {
  readonly host: string;
  readonly retry: Retry;
  /**
   * One try; an answer of success, or of a status in `also`. A wrong clock, a wrong region and expired
   * credentials are corrected once each.
   * @throws TransferError `TRANSPORT_DENIED`, `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`, `DISK_FULL`; DrayError
   * `ABORTED`
   */
  request(operation: Operation, request: S3Request, also?: readonly number[]): Promise<HttpResponse>;
  /** As `request`, for an answer in XML. Throws for a fault in an answer of success, too. */
  requestXml(operation: Operation, request: S3Request): Promise<XmlAnswer>;
  /** Runs `run` with retries. Throws DrayErrors only. */
  persist<T>(operation: Operation, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A client that connects on first use. */
export function createS3Client(address: BucketAddress, region: string, access: S3Access): S3Client {
  const connections = createConnections(access);
  const clock = access.clock ?? systemClock;
  const retry = { policy: access.retryPolicy ?? defaultRetryPolicy, clock };
  const sender = createSender(address, { ...access, connections, clock, region });

  const request = async (
    operation: Operation,
    asked: S3Request,
    also: readonly number[],
  ): Promise<SentRequest> => {
    const done = new Set<Correction['kind']>();
    for (;;) {
      const sent = await sender.send(operation, asked);
      const { response } = sent;
      if (isSuccess(response) || also.includes(response.status)) return sent;
      const fault = await readFault(response, asked.method);
      const correction = correctionFor(response, fault, sent);
      if (correction === undefined || done.has(correction.kind)) throw failure(operation, sent, fault);
      done.add(correction.kind);
      sender.correct(correction);
    }
  };

  const failure = (operation: Operation, { response, secrets }: SentRequest, fault: S3Fault): DrayError =>
    answerFailure(operation, response, fault, { secrets, now: clock.now(), bucket: address.bucket });

  const guarded = <T>(
    operation: Operation,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal, operation.title);
    const toError = (error: unknown): DrayError => unreachable(operation, error, sender.host);
    return withDrayErrors({ title: operation.title, signal }, toError, run);
  };

  return {
    get host() {
      return sender.host;
    },
    retry,
    request: async (operation, asked, also = []) =>
      guarded(operation, asked.signal, async () => {
        return (await request(operation, asked, also)).response;
      }),
    requestXml: async (operation, asked) =>
      guarded(operation, asked.signal, async () => {
        const sent = await request(operation, asked, []);
        const answer = await readXml(sent.response);
        const fault = faultIn(answer);
        if (fault !== undefined) throw failure(operation, sent, fault);
        return { answer, date: Date.parse(sent.response.header('date') ?? '') };
      }),
    persist: async (operation, signal, run) =>
      guarded(operation, signal, () =>
        withRetries(retry, signal, () => {
          throwIfAborted(signal, operation.title);
          return run();
        }),
      ),
    close: () => connections.close(),
  };
}

function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

async function readFault(response: HttpResponse, method: string): Promise<S3Fault> {
  const none = { code: '', message: '', region: undefined };
  if (method === 'HEAD') {
    await discard(response);
    return none;
  }
  try {
    return faultIn(await readXml(response)) ?? none;
  } catch {
    // The status says enough, whatever became of the body.
    return none;
  }
}

/** The error for an answer of success that no S3 server gives. */
export function notS3(operation: Operation, { host }: S3Client): TransferError {
  return operationError(operation, 'TRANSPORT_IO', `the answer of ${host} is not that of an S3 server`, {
    hint: 'Check the endpoint: a proxy or another server seems to answer there.',
  });
}
