import picomatch from 'picomatch';

/**
 * True if all of `value` matches the glob: `*` within a path segment, `**` across segments, `?`, `{a,b}`,
 * `[a-z]`.
 */
export function matchesGlob(value: string, glob: string): boolean {
  return picomatch(glob, { dot: true, bash: false })(value);
}
