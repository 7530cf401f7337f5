import type { PackTrust } from '@drayage/mount';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** The users that can own or write the files of mounted packs: root, and the user who called sudo. */
export function packTrust({ strict }: Pick<Config, 'strict'>, host: Pick<Host, 'env'>): PackTrust {
  return { strict, sudoUid: sudoUid(host) };
}

/** The uid of the user who called sudo, if any. */
export function sudoUid({ env }: Pick<Host, 'env'>): number | undefined {
  const text = env['SUDO_UID'] ?? '';
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
