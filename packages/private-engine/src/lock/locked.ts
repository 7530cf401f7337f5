import { DrayError } from '@drayage/core';
import type { Owner } from './owner.ts';

/** Who a data-root belongs to at the moment, for messages. Pure. */
function describeOwner(owner: Owner | undefined, here: string): string {
  if (owner === undefined) return 'by a process that has not said who it is';
  const { pid, hostname, pidNamespace, since, socket } = owner;
  const where = pidNamespace === here ? hostname : `${hostname}, another container`;
  return `by process ${pid} on ${where}, since ${since}, socket ${socket}`;
}

/** The error for a data-root that another engine uses: `ENGINE_LOCKED`. Pure. */
export function lockedError(
  what: string,
  dataRoot: string,
  owner: Owner | undefined,
  here: string,
): DrayError {
  return new DrayError(
    'ENGINE_LOCKED',
    `cannot ${what} ${dataRoot}: it is used ${describeOwner(owner, here)}`,
    {
      hint: 'Look with "dray engine status", end it there with "dray engine stop", or give another --data-root.',
      details: {
        dataRoot,
        ...(owner === undefined
          ? {}
          : {
              pid: owner.pid,
              hostname: owner.hostname,
              since: owner.since,
              socket: owner.socket,
              samePidNamespace: owner.pidNamespace === here,
            }),
      },
    },
  );
}
