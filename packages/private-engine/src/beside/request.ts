import { DrayError, errorCodes, isObject, type Digest } from '@drayage/core';
import type { MountablePack } from '@drayage/core/bundle';
import type { PrivateEngineEvent } from '../engine/options.ts';

/** What a relay process needs to start an engine beside another one. */
export interface BesideRequest {
  /** Twelve hex digits; the folder names of the engine are derived from it. */
  readonly id: string;
  /** The address of the engine that is there, for messages. */
  readonly location: string;
  /** The folder of the relay, with the socket and the record. */
  readonly folder: string;
  readonly packs: readonly MountablePack[];
  /** A tar with the contents of the data-root; undefined: an empty one. */
  readonly layout: string | undefined;
  readonly bridge: string | undefined;
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly timeoutMs: number;
}

/** A running engine beside another one, behind its relay. */
export interface BesideEngine {
  /** A value for `DOCKER_HOST`: the socket of the relay on this machine. */
  readonly dockerHost: string;
  /** The address of the other engine. */
  readonly location: string;
  /** Pid on the engine's side. */
  readonly pid: number;
  readonly version: string;
  /** On the engine's side. */
  readonly dataRoot: string;
  /** Name of the bridge. */
  readonly bridge: string;
  readonly packs: readonly Digest[];
}

/** What a relay process tells the process that started it. */
export type RelayMessage =
  | { readonly type: 'event'; readonly event: PrivateEngineEvent }
  | { readonly type: 'ready'; readonly engine: BesideEngine }
  | { readonly type: 'failed'; readonly error: FailedStart };

/** A DrayError, as data. */
export interface FailedStart {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** An error as data; the relay's log keeps the stack of an unexpected one. Pure. */
export function failedStart(error: unknown): FailedStart {
  if (error instanceof DrayError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'ENGINE_START_FAILED', message: String(error) };
}

/** The error that was sent. Pure. */
export function receivedError({ code, message, hint }: FailedStart): DrayError {
  const known = errorCodes.find((name) => name === code) ?? 'ENGINE_START_FAILED';
  return new DrayError(known, message, { hint });
}

/** Recognises a message of a relay process, which is this program too. */
export function isRelayMessage(value: unknown): value is RelayMessage {
  return isObject(value) && ['event', 'ready', 'failed'].includes(String(value['type']));
}

/** Recognises the request of the process that started the relay. */
export function isBesideRequest(value: unknown): value is BesideRequest {
  return isObject(value) && typeof value['id'] === 'string' && typeof value['folder'] === 'string';
}
