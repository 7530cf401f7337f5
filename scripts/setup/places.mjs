import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The checkout this script belongs to. */
export const repository = resolve(import.meta.dirname, '../..');

/** What set-up fetches once per user: engines and the registry. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'drayage');
