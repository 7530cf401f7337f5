/** The oldest Docker API we support (engine 20.10). */
export const oldestApiVersion = '1.41';

/** The newest Docker API we are tested with (engine 28.5). */
const newestApiVersion = '1.51';

/** Negative when `a` is older than `b`, zero when equal. Both are `MAJOR.MINOR`. */
export function compareApiVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

/** The API version for requests: the older of the engine's newest and ours, but at least `oldestOfEngine`. */
export function negotiateApiVersion(newestOfEngine: string, oldestOfEngine: string | undefined): string {
  const common = compareApiVersions(newestOfEngine, newestApiVersion) < 0 ? newestOfEngine : newestApiVersion;
  const dropped = oldestOfEngine !== undefined && compareApiVersions(common, oldestOfEngine) < 0;
  return dropped ? oldestOfEngine : common;
}
