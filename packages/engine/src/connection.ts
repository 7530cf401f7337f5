import { abortError, DrayError, EngineError, isObject, printable } from '@drayage/core';
import { normalizePlatform } from '@drayage/core/image';
import type { EngineInfo, ImageStoreKind, JsonObject } from '@drayage/core';
import type Dockerode from 'dockerode';
import { untilAborted } from './until-aborted.ts';
import { compareApiVersions, negotiateApiVersion, oldestApiVersion } from './api-version.ts';
import { createDockerClient } from './docker-client.ts';
import type { EngineEndpoint } from './endpoint/endpoint.ts';
import { unreachable } from './engine-errors.ts';
import { getJson } from './get-json.ts';

/** An engine that has responded. */
export interface Connection {
  readonly docker: Dockerode;
  readonly endpoint: EngineEndpoint;
  readonly info: EngineInfo;
  /** The Docker API version of the requests. */
  readonly requestApiVersion: string;
}

export interface ConnectOptions {
  /** Time limit for each of the engine's two answers (ms). */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Queries `/version`, then `/info` at the negotiated API version.
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`; DrayError `ABORTED`
 */
export async function connect(endpoint: EngineEndpoint, options: ConnectOptions): Promise<Connection> {
  const version = await ask(endpoint, options, createDockerClient(endpoint), '/version');
  const apiVersion = version['ApiVersion'];
  if (typeof apiVersion !== 'string') throw notAnEngine(endpoint);
  const engineVersion = textOf(version['Version']) ?? 'unknown';
  if (compareApiVersions(apiVersion, oldestApiVersion) < 0) throw tooOld(endpoint, engineVersion, apiVersion);
  const requestApiVersion = negotiateApiVersion(apiVersion, textOf(version['MinAPIVersion']));
  const docker = createDockerClient(endpoint, requestApiVersion);
  const info = await ask(endpoint, options, docker, '/info');
  return {
    docker,
    endpoint,
    requestApiVersion,
    info: {
      location: endpoint.location,
      version: engineVersion,
      apiVersion,
      imageStore: imageStoreOf(info),
      storageDriver: textOf(info['Driver']) ?? 'unknown',
      platform: normalizePlatform({
        os: textOf(version['Os']) ?? 'linux',
        architecture: textOf(version['Arch']) ?? textOf(info['Architecture']) ?? 'unknown',
      }),
      ...userMappingOf(info),
      ...containerdOf(info),
    },
  };
}

// dockerode's connectionTimeout would also limit how long the engine may work before it answers; a separate
// timer does not.
async function ask(
  endpoint: EngineEndpoint,
  { timeoutMs, signal }: ConnectOptions,
  docker: Dockerode,
  path: string,
): Promise<JsonObject> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const combined = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const giveUp = (): DrayError =>
    signal?.aborted === true
      ? abortError(signal, `reach engine at ${endpoint.location}`)
      : timedOut(endpoint, timeoutMs);
  let answer: unknown;
  try {
    answer = await untilAborted(getJson(docker, path, combined), combined, giveUp);
  } catch (error) {
    throw error instanceof DrayError ? error : unreachable(endpoint, error);
  }
  if (!isObject(answer)) throw notAnEngine(endpoint);
  return answer;
}

/** Classic, unless the driver status names containerd's snapshotter. */
function imageStoreOf(info: JsonObject): ImageStoreKind {
  const status = info['DriverStatus'];
  const pairs: readonly unknown[] = Array.isArray(status) ? status : [];
  const isContainerd = pairs.some(
    (pair) => Array.isArray(pair) && pair[0] === 'driver-type' && pair[1] === 'io.containerd.snapshotter.v1',
  );
  return isContainerd ? 'containerd' : 'classic';
}

/** @see Docker API v1.41, GET /info "SecurityOptions" */
function userMappingOf({ SecurityOptions: options }: JsonObject): Pick<EngineInfo, 'userMapping'> {
  const text = Array.isArray(options) ? options.join(',') : '';
  const name = /(?:^|,)name=(rootless|userns)(?:,|$)/.exec(text)?.[1];
  return name === 'rootless' || name === 'userns' ? { userMapping: name } : {};
}

/** @see Docker API v1.46, GET /info "Containerd" */
function containerdOf(info: JsonObject): Pick<EngineInfo, 'containerd'> {
  const told = info['Containerd'];
  const namespaces = isObject(told) ? told['Namespaces'] : undefined;
  const address = isObject(told) ? textOf(told['Address']) : undefined;
  const namespace = isObject(namespaces) ? textOf(namespaces['Containers']) : undefined;
  return address === undefined || namespace === undefined ? {} : { containerd: { address, namespace } };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? printable(value, 200) : undefined;
}

function notAnEngine(endpoint: EngineEndpoint): EngineError {
  return unreachable(endpoint, new Error('the server is not a Docker engine'));
}

function timedOut(endpoint: EngineEndpoint, timeoutMs: number): EngineError {
  return unreachable(endpoint, new Error(`no answer within ${String(timeoutMs)} ms`));
}

function tooOld(endpoint: EngineEndpoint, version: string, apiVersion: string): EngineError {
  const reason = `engine ${version} speaks Docker API ${apiVersion}, ${oldestApiVersion} is required`;
  return new EngineError('ENGINE_TOO_OLD', `cannot use engine at ${endpoint.location}: ${reason}`, {
    hint: 'Use Docker Engine 20.10 or later.',
    details: { version, apiVersion, oldestApiVersion },
  });
}
