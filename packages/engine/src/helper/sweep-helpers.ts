import type { Connection } from '../connection.ts';
import { helperLabel } from './helper-errors.ts';

// Long enough for any helper to have been started.
const abandonedAfter = '10m';

/**
 * Removes what was left behind by processes that were killed in the moment between making a helper and starting it. What others are about
 * to start is younger. Resolves in any case: it is no business of this run, and the next one will try again.
 */
export async function sweepHelpers({ docker }: Connection): Promise<void> {
  const filters = { label: [helperLabel], until: [abandonedAfter] };
  await Promise.allSettled([
    docker.pruneContainers({ filters: JSON.stringify(filters) }),
    docker.pruneImages({ filters: JSON.stringify({ ...filters, dangling: ['false'] }) }),
  ]);
}
