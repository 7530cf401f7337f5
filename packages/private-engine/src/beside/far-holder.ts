import { openShellSession, type ShellSession } from '@drayage/host';
import type { RemoteEngineHost } from '@drayage/mount';
import { takeLock } from '../lock/holder.ts';
import { besideUnavailable } from './unavailable.ts';

/** The process on the engine's side that holds the lock, and becomes the engine. See `Holder`. */
export interface FarHolder {
  readonly pid: number;
  readonly startTime: number;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly networkNamespace: string;
  readonly hostname: string;
  readonly session: ShellSession;
}

const introduceScript = `
p=$PPID
echo "$p $(sed 's/.*) //' "/proc/$p/stat" | cut -d' ' -f20)"
cat /proc/sys/kernel/random/boot_id
readlink "/proc/$p/ns/pid" "/proc/$p/ns/net"
hostname
`;

/** Takes the lock of a new data-root on the engine's side, and enters a mount namespace of its own there. */
export async function startFarHolder(
  engineHost: RemoteEngineHost,
  lock: string,
  environment: readonly string[],
  location: string,
): Promise<FarHolder> {
  const shell = await engineHost.exec([
    ...['nsenter', '-t', String(engineHost.pid), '-n', '-u', '-i', '--'],
    ...['env', ...environment, 'sh', '-c', takeLock, 'drayage', lock],
  ]);
  const session = openShellSession(shell, {
    location: `the engine's side of ${location}`,
    lost: (said) =>
      besideUnavailable(location, `its side cannot lock ${lock} and enter a mount namespace (${said})`),
  });
  const { stdout } = await session.run(['sh', '-c', introduceScript]);
  const [process = '', bootId = '', pidNamespace = '', networkNamespace = '', hostname = ''] =
    stdout.split('\n');
  const [pid = Number.NaN, startTime = Number.NaN] = process.split(' ').map(Number);
  if (!Number.isInteger(pid) || !Number.isInteger(startTime)) {
    throw besideUnavailable(location, `its side shows no process table (${stdout.trim()})`);
  }
  return { pid, startTime, bootId, pidNamespace, networkNamespace, hostname, session };
}
