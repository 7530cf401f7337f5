import type { DrayError } from '@drayage/core';
import type { Challenge } from './challenge.ts';
import { parseChallenges } from './challenge.ts';
import type { Connections, HttpResponse } from './connections.ts';
import { discard } from './connections.ts';
import type { Operation } from './failures.ts';
import { connectionFailure } from './failures.ts';
import type { Candidate } from './hosts.ts';
import { isRetryable } from './retry.ts';

/** Where a registry answers and how it wants to be asked. */
export interface Endpoint extends Candidate {
  /** What its root demands, before any repository is named. */
  readonly challenges: readonly Challenge[];
}

/**
 * The first of `candidates` that answers `GET /v2/`, whatever the status. One round, no retries.
 * @throws RegistryError `REGISTRY_UNREACHABLE`, `REGISTRY_PROTOCOL` when none does
 * @see distribution-spec v1.1.1, "Determining Support"
 */
export async function findEndpoint(
  connections: Connections,
  candidates: readonly Candidate[],
  operation: Operation,
): Promise<Endpoint> {
  const errors: DrayError[] = [];
  let doubtful: Endpoint | undefined;
  for (const candidate of candidates) {
    try {
      const { status, challenges } = await ping(connections, candidate);
      const endpoint = { ...candidate, challenges };
      if (!(status === 400 && candidate.origin.protocol === 'http:')) return endpoint;
      // What TLS servers say to plain HTTP; perhaps it is one.
      doubtful = endpoint;
    } catch (error) {
      errors.push(connectionFailure(operation, candidate.origin.host, error));
    }
  }
  const passing = errors.find((error) => isRetryable(error));
  if (doubtful !== undefined && passing === undefined) return doubtful;
  throw passing ?? errors[0] ?? connectionFailure(operation, operation.registry, undefined);
}

async function ping(
  connections: Connections,
  { origin, verifiesTls }: Candidate,
): Promise<{ readonly status: number; readonly challenges: readonly Challenge[] }> {
  const url = new URL('/v2/', origin);
  const response = await connections.send({
    method: 'GET',
    url,
    headers: {},
    verifiesTls,
    registryHost: origin.host,
    signal: undefined,
  });
  await discard(response);
  return { status: response.status, challenges: challengesOf(response) };
}

/** The challenges of a 401; none of any other answer. */
export function challengesOf(response: HttpResponse): readonly Challenge[] {
  return response.status === 401 ? parseChallenges(response.headers('www-authenticate')) : [];
}
