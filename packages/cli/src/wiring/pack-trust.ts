import type { PackTrust } from '@drayage/mount';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** Whom to trust with the files of packs that are mounted: root, and the user who called sudo. */
export function packTrust({ strict }: Pick<Config, 'strict'>, host: Pick<Host, 'env'>): PackTrust {
  return { strict, sudoUid: sudoUid(host) };
}

/** The number of the user who called sudo, if one did. */
export function sudoUid({ env }: Pick<Host, 'env'>): number | undefined {
  const text = env['SUDO_UID'] ?? '';
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
