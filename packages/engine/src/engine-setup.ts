import { isObject, printable, type EngineSetup, type JsonObject } from '@drayage/core';
import { connect, type Connection } from './connection.ts';
import type { EngineEndpoint } from './endpoint/endpoint.ts';
import { httpStatus, requestFailed } from './engine-errors.ts';
import { getJson } from './get-json.ts';

export interface EngineSetupOptions {
  /** Time limit for each of the engine's few answers (ms). */
  readonly timeoutMs: number;
  /** ID of the container that this process runs in. */
  readonly containerId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads an engine's setup; changes nothing.
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`, `ENGINE_API`; DrayError `ABORTED`
 * @see Docker API v1.41, GET /info
 */
export async function readEngineSetup(
  endpoint: EngineEndpoint,
  { timeoutMs, containerId, signal }: EngineSetupOptions,
): Promise<EngineSetup> {
  const connection = await connect(endpoint, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
  const limit = AbortSignal.timeout(timeoutMs);
  const combined = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  try {
    const answer = await getJson(connection.docker, '/info', combined);
    const holdsUs = await holds(connection, containerId, combined);
    return {
      ...setupOf(isObject(answer) ? answer : {}, connection),
      ...(holdsUs === undefined ? {} : { holdsUs }),
    };
  } catch (error) {
    throw requestFailed('read the setup of', endpoint, error);
  }
}

function setupOf(told: JsonObject, { info, endpoint }: Connection): EngineSetup {
  const backingFilesystem = driverStatus(told, 'Backing Filesystem');
  const { Runtimes: runtimes, SecurityOptions: options, CgroupVersion: version = '1' } = told;
  return {
    info,
    origin: endpoint.origin,
    hostname: textOf(told['Name']),
    operatingSystem: textOf(told['OperatingSystem']),
    kernel: textOf(told['KernelVersion']),
    securityOptions: Array.isArray(options) ? options.map(textOf) : [],
    runtimes: isObject(runtimes) ? Object.keys(runtimes).map(textOf) : [],
    defaultRuntime: textOf(told['DefaultRuntime']),
    dataRoot: textOf(told['DockerRootDir']),
    ...(backingFilesystem === undefined ? {} : { backingFilesystem }),
    cgroup: `${textOf(told['CgroupDriver'])} ${textOf(version)}`,
    memoryBytes: numberOf(told['MemTotal']),
    cpus: numberOf(told['NCPU']),
  };
}

function driverStatus(told: JsonObject, name: string): string | undefined {
  const status: unknown = told['DriverStatus'];
  const pairs: readonly unknown[] = Array.isArray(status) ? status : [];
  const pair = pairs.find((candidate) => Array.isArray(candidate) && candidate[0] === name);
  return Array.isArray(pair) ? textOf(pair[1]) : undefined;
}

async function holds(
  { docker }: Connection,
  containerId: string | undefined,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (containerId === undefined) return undefined;
  try {
    await getJson(docker, `/containers/${containerId}/json`, signal);
    return true;
  } catch (error) {
    if (httpStatus(error) === 404) return false;
    throw error;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value, 200) : 'unknown';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
