/** One request that a registry has answered. */
export interface LoggedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  /** Size of the answer's body. */
  readonly bytes: number;
  readonly userAgent: string;
}

// Apache's "combined" format: host ident user [time] "request" status bytes "referer" "agent".
const LINE =
  /^\S+ \S+ \S+ \[[^\]]+\] "(?<method>\S+) (?<path>\S+) [^"]*" (?<status>\d+) (?<bytes>\d+|-) "[^"]*" "(?<agent>[^"]*)"/;

/** Reads the access log of docker-registry; lines that are no requests are passed over. */
export function parseAccessLog(text: string): LoggedRequest[] {
  return text
    .split('\n')
    .map((line) => LINE.exec(line)?.groups)
    .filter((groups) => groups !== undefined)
    .map((groups) => ({
      method: groups['method'] ?? '',
      path: groups['path'] ?? '',
      status: Number(groups['status']),
      bytes: Number(groups['bytes']) || 0,
      userAgent: groups['agent'] ?? '',
    }));
}

/** Tells whether a request moved bytes of a blob from the registry. */
export function isBlobDownload({ method, path, status }: LoggedRequest): boolean {
  return method === 'GET' && path.includes('/blobs/sha256:') && (status === 200 || status === 206);
}
