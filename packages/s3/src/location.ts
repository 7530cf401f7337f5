import { UsageError, printable, redactUrl } from '@drayage/core';

/** How the bucket is named in requests: in the path, or as part of the host name. */
export type Addressing = 'path' | 'virtual';

/** What `s3://BUCKET/PREFIX?…` says. */
export interface S3Location {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Undefined: AWS. */
  readonly endpoint: URL | undefined;
  readonly region: string | undefined;
  /** Undefined: see `addressingOf`. */
  readonly addressing: Addressing | undefined;
  /** How long blobs are kept (ms); undefined: for ever. */
  readonly keepMs: number | undefined;
}

const hourMs = 3_600_000;
const unitMs: Readonly<Record<string, number>> = { h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs };

/** Two weeks: pipelines of the first week reuse a blob, and those of the second still find it. */
const defaultKeepMs = 14 * 24 * hourMs;

// Names of general purpose buckets, old ones with capitals and underscores included.
const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
const regionPattern = /^[a-z0-9-]{1,40}$/;
const settings = ['endpoint', 'region', 'addressing', 'keep'];

/** @throws UsageError `USAGE` that names what is wrong with the URL */
export function parseS3Location(text: string): S3Location {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:' || url.host === '') throw invalid(text, 'it names no bucket');
  if (url.username !== '' || url.password !== '') throw invalid(text, 'a key does not belong there');
  if (url.hash !== '') throw invalid(text, '"#" must be written as %23');
  for (const name of url.searchParams.keys()) {
    if (!settings.includes(name)) throw invalid(text, `"${printable(name, 100)}" is not a known setting`);
    if (url.searchParams.getAll(name).length > 1) throw invalid(text, `"${name}" is there twice`);
  }
  const setting = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  if (!bucketPattern.test(url.host)) {
    throw invalid(text, `"${printable(url.host, 100)}" is not a name of a bucket`);
  }
  return {
    bucket: url.host,
    prefix: parsePrefix(text, url.pathname),
    endpoint: parseEndpoint(text, setting('endpoint')),
    region: parseRegion(text, setting('region')),
    addressing: parseAddressing(text, setting('addressing')),
    keepMs: parseKeep(text, setting('keep')),
  };
}

function parsePrefix(text: string, pathname: string): string {
  const segments = pathname.split('/').filter((segment) => segment !== '');
  try {
    const prefix = segments.map(decodeURIComponent).join('/');
    const isPlain = !/[\p{Cc}\\]/u.test(prefix) && !prefix.split('/').some((part) => /^\.{1,2}$/.test(part));
    if (isPlain && Buffer.byteLength(prefix) <= 500) return prefix;
  } catch {
    // A percent sign that begins no escape.
  }
  throw invalid(text, 'the prefix is not usable');
}

/** An http(s) URL; without a scheme, https. @throws UsageError `USAGE` */
export function parseEndpoint(text: string, value: string | undefined): URL | undefined {
  if (value === undefined || value === '') return undefined;
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!isHttp || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw invalid(text, 'the endpoint is not an http or https URL');
  }
  return url;
}

function parseRegion(text: string, value: string | undefined): string | undefined {
  if (value === undefined || regionPattern.test(value)) return value;
  throw invalid(text, `"${printable(value, 100)}" is not a region`);
}

function parseAddressing(text: string, value: string | undefined): Addressing | undefined {
  if (value === undefined || value === 'path' || value === 'virtual') return value;
  throw invalid(text, 'addressing is neither "path" nor "virtual"');
}

function parseKeep(text: string, value: string | undefined): number | undefined {
  if (value === undefined) return defaultKeepMs;
  if (value === 'forever') return undefined;
  const [, count = '', unit = ''] = /^([1-9]\d{0,3})([hdw])$/.exec(value) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (!Number.isNaN(ms)) return ms;
  throw invalid(text, `keep=${printable(value, 100)} is neither "forever" nor an age such as 12h, 7d or 2w`);
}

function invalid(text: string, reason: string): UsageError {
  return new UsageError('USAGE', `cannot hand over through ${printable(redactUrl(text), 200)}: ${reason}`, {
    hint: 'Write it as s3://BUCKET/PREFIX or s3://BUCKET/PREFIX?endpoint=https://s3.example&region=eu-1.',
  });
}
