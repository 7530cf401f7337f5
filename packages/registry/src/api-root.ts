import type { DrayError } from '@drayage/core';
import { discard, isRetryable, type Connections, type HttpResponse } from '@drayage/http';
import { parseChallenges, type Challenge } from './challenge.ts';
import { unreachable, type Operation } from './failures.ts';
import type { Candidate } from './hosts.ts';

/** The `/v2/` of a registry: its URL, and the authorization that it demands. */
export interface ApiRoot extends Candidate {
  /** What it demands for `/v2/` itself. */
  readonly challenges: readonly Challenge[];
}

/**
 * The first of `candidates` that answers `GET /v2/` with any status. One round, no retries.
 * @throws RegistryError `REGISTRY_UNREACHABLE`, `REGISTRY_PROTOCOL` if none answers
 * @see distribution-spec v1.1.1, "Determining Support"
 */
export async function findApiRoot(
  connections: Connections,
  candidates: readonly Candidate[],
  operation: Operation,
): Promise<ApiRoot> {
  const errors: DrayError[] = [];
  let doubtful: ApiRoot | undefined;
  for (const candidate of candidates) {
    try {
      const { status, challenges } = await ping(connections, candidate);
      const root = { ...candidate, challenges };
      if (!(status === 400 && candidate.origin.protocol === 'http:')) return root;
      // TLS servers answer plain HTTP like this.
      doubtful = root;
    } catch (error) {
      errors.push(unreachable(operation, error, candidate.origin.host));
    }
  }
  const passing = errors.find((error) => isRetryable(error));
  if (doubtful !== undefined && passing === undefined) return doubtful;
  throw passing ?? errors[0] ?? unreachable(operation, undefined);
}

async function ping(
  connections: Connections,
  { origin, verifiesTls }: Candidate,
): Promise<{ readonly status: number; readonly challenges: readonly Challenge[] }> {
  const url = new URL('/v2/', origin);
  const response = await connections.send({ method: 'GET', url, verifiesTls, signal: undefined });
  await discard(response);
  return { status: response.status, challenges: challengesOf(response) };
}

/** The challenges of a 401; empty for any other response. */
export function challengesOf(response: HttpResponse): readonly Challenge[] {
  return response.status === 401 ? parseChallenges(response.headers('www-authenticate')) : [];
}
