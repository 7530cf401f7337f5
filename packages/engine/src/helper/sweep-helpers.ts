import type { Connection } from '../connection.ts';
import { helperLabel } from './helper-errors.ts';

// Every helper container has started by then.
const abandonedAfter = '10m';

/**
 * Removes what killed processes left behind between creating a helper container and starting it. Spares newer
 * ones, which other processes may be about to start. Never rejects: this is only clean-up, and the next run
 * tries again.
 */
export async function sweepHelpers({ docker }: Connection): Promise<void> {
  const filters = { label: [helperLabel], until: [abandonedAfter] };
  await Promise.allSettled([
    docker.pruneContainers({ filters: JSON.stringify(filters) }),
    docker.pruneImages({ filters: JSON.stringify({ ...filters, dangling: ['false'] }) }),
  ]);
}
