import { join } from 'node:path';
import type { Host } from '../host.ts';

/** The configuration file of the docker client, where `docker login` keeps credentials. */
export function dockerConfigPath({ env, homeDir }: Pick<Host, 'env' | 'homeDir'>): string {
  const dir = env['DOCKER_CONFIG'] ?? '';
  return join(dir === '' ? join(homeDir, '.docker') : dir, 'config.json');
}
