/** Text that needs no escape between double quotes in YAML: no line break, quote or backslash. */
export const anyText = '^[^"\\\\\\x00-\\x1f]*$';

/** The same, but not empty. */
export const someText = '^[^"\\\\\\x00-\\x1f]+$';

/** A duration of the command line, or empty. */
export const duration = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$';

/** A duration as GitLab writes it: `30 minutes`, `1h 30m`. */
export const gitlabDuration = '^[0-9]+ ?[a-z]+( [0-9]+ ?[a-z]+)*$';

/** The name of a job that runs, at most 128 characters, the limit of `needs`. */
export const jobName = '^[A-Za-z0-9_][A-Za-z0-9_ :./-]{0,127}$';

/** The prefix of hidden jobs. */
export const jobPrefix = '^\\.[A-Za-z0-9_:./-]+$';

/** A version of the command line, or empty. */
export const version = '^[0-9A-Za-z.+-]*$';

/** Words `NAME=SHA256`, or empty. */
export const checksums = '^([0-9A-Za-z@/._+-]+=[0-9a-f]{64} *)*$';
