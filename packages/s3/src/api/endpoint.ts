import { isIP } from 'node:net';
import type { Addressing } from '../location.ts';

/** A bucket, and how requests name it. */
export interface BucketAddress {
  readonly bucket: string;
  /** Undefined: AWS. */
  readonly endpoint: URL | undefined;
  readonly addressing: Addressing | undefined;
}

/**
 * The URL of an object, or of the bucket for an empty key. Each byte of the key that is not unreserved is
 * encoded, so that the path is its own canonical form.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function objectUrl(address: BucketAddress, region: string, key: string): URL {
  const base = address.endpoint ?? awsEndpoint(region);
  const url = new URL(base);
  const path = url.pathname.replace(/\/+$/, '');
  const isVirtual = addressingOf(address) === 'virtual';
  if (isVirtual) url.hostname = `${address.bucket}.${url.hostname}`;
  url.pathname = `${path}${isVirtual ? '' : `/${address.bucket}`}/${encodeKey(key)}`;
  return url;
}

/**
 * Other servers than AWS get the bucket in the path, which all but a few accept. A bucket with dots would not
 * match the certificate of AWS as a host name.
 */
function addressingOf({ addressing, endpoint, bucket }: BucketAddress): Addressing {
  // An address takes no name before it.
  if (endpoint !== undefined && isIP(endpoint.hostname.replace(/^\[|\]$/g, '')) !== 0) return 'path';
  if (addressing !== undefined) return addressing;
  return endpoint === undefined && !bucket.includes('.') && bucket === bucket.toLowerCase()
    ? 'virtual'
    : 'path';
}

function awsEndpoint(region: string): URL {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(`https://s3.${region}.${domain}`);
}

function encodeKey(key: string): string {
  return key.split('/').map(encodeRfc3986).join('/');
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A query as it is sent and signed. */
export function queryString(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(
    ([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`,
  );
  return pairs.sort().join('&');
}
