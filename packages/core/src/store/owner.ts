import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemErrorCode } from '../errors.ts';

/** The writer of an unfinished file, as its name states: `<key>.<host>-<pid>-<random>`. */
export interface OwnedName {
  /** What the file will become: 64 hex digits of a blob, or the name of a document. */
  readonly key: string;
  readonly host: string;
  readonly pid: number;
}

/**
 * `none`: the writer released it. `dead` and `alive` are certain. `elsewhere`: cannot be determined from
 * here.
 */
export type OwnerState = 'none' | 'dead' | 'alive' | 'elsewhere';

const noHost = 'free';
const namePattern = /^(.+)\.([a-z0-9]+)-(\d+)-[a-f0-9]{16}$/;

/** A new name for a file that this process is going to write. */
export function ownedName(key: string): string {
  return `${key}.${thisHost()}-${String(process.pid)}-${randomBytes(8).toString('hex')}`;
}

/** A new name for an unfinished file without a writer. */
export function ownerlessName(key: string): string {
  return `${key}.${noHost}-0-${randomBytes(8).toString('hex')}`;
}

/** The parts of such a name, or undefined for any other. */
export function parseOwnedName(name: string): OwnedName | undefined {
  const [, key, host, pid] = namePattern.exec(name) ?? [];
  return key === undefined || host === undefined ? undefined : { key, host, pid: Number(pid) };
}

/** Determines whether the writer still runs. */
export function ownerState({ host, pid }: OwnedName): OwnerState {
  if (host === noHost) return 'none';
  if (host !== thisHost()) return 'elsewhere';
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return systemErrorCode(error) === 'ESRCH' ? 'dead' : 'alive';
  }
}

let cachedHost: string | undefined;

/**
 * Identifies the set of processes whose ids we can look up: machine, boot and pid namespace. Two containers
 * on one machine, or one machine before and after a reboot, are different hosts here; otherwise an unrelated
 * process with the same pid would decide.
 */
function thisHost(): string {
  cachedHost ??= createHash('sha256')
    .update([hostname(), bootId(), pidNamespace()].join('\n'))
    .digest('hex')
    .slice(0, 12);
  return cachedHost;
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
