import { DrayError } from '@drayage/core';
import type { Owner } from './owner.ts';

/** Describes the owner of a data-root, for messages. Pure. */
function describeOwner(owner: Owner | undefined, here: string): string {
  if (owner === undefined) return 'by an unknown process';
  const { pid, hostname, pidNamespace, since, socket } = owner;
  const where = pidNamespace === here ? hostname : `${hostname}, another container`;
  return `by process ${pid} on ${where}, since ${since}, socket ${socket}`;
}

/** The error for a data-root in use: `ENGINE_LOCKED`. Pure. */
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
      hint: 'Run "dray engine status" for details, "dray engine stop" to end it, or choose another --data-root.',
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
