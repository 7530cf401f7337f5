import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { refuse, type Refusal } from './refusal.ts';

/** What a server knows about whoever signs. */
export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Must come along if it is set. */
  readonly sessionToken?: string | undefined;
}

export interface SignedRequest {
  readonly method: string;
  /** As it was received. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: IncomingHttpHeaders;
}

export interface SignatureRules {
  readonly key: SigningKey;
  readonly region: string;
  /** The server's clock (ms since the epoch). */
  readonly now: number;
}

const maxSkewMs = 15 * 60_000;
const authorizationPattern =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Why a server refuses a request; undefined: the signature is right. Written from the specification alone.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function checkSignature(request: SignedRequest, rules: SignatureRules): Refusal | undefined {
  const { headers } = request;
  const { key, region, now } = rules;
  if (headers.authorization === undefined) return refuse(403, 'AccessDenied');
  const parts = authorizationPattern.exec(headers.authorization);
  if (parts === null) return refuse(400, 'AuthorizationHeaderMalformed');
  const [, accessKeyId = '', day = '', signedRegion = '', names = '', signature = ''] = parts;
  if (accessKeyId !== key.accessKeyId) return refuse(403, 'InvalidAccessKeyId');
  if (signedRegion !== region) return refuse(400, 'AuthorizationHeaderMalformed', { region });
  const date = String(headers['x-amz-date']);
  const signedAt = parseDate(date);
  if (Number.isNaN(signedAt) || !date.startsWith(day)) return refuse(403, 'AccessDenied');
  if (Math.abs(signedAt - now) > maxSkewMs) return refuse(403, 'RequestTimeTooSkewed');
  const signedNames = names.split(';');
  const mustBeSigned = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  if (mustBeSigned.some((name) => !signedNames.includes(name))) return refuse(403, 'AccessDenied');
  if (headers['x-amz-security-token'] !== key.sessionToken) return refuse(403, 'InvalidToken');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, signedNames))].join('\n');
  const signingKey = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, value) => createHmac('sha256', secret).update(value).digest(),
    `AWS4${key.secretAccessKey}`,
  );
  const expected = createHmac('sha256', signingKey).update(text).digest('hex');
  return expected === signature ? undefined : refuse(403, 'SignatureDoesNotMatch');
}

function canonicalRequest(
  { method, rawPath, rawQuery, headers }: SignedRequest,
  names: readonly string[],
): string {
  const values = names.map((name) => `${name}:${[headers[name] ?? ''].flat().join(',').trim()}\n`);
  const path = rawPath.split('/').map(recode).join('/');
  return [
    method,
    path,
    canonicalQuery(rawQuery),
    values.join(''),
    names.join(';'),
    String(headers['x-amz-content-sha256']),
  ].join('\n');
}

function canonicalQuery(raw: string): string {
  const pairs = raw.split('&').filter((pair) => pair !== '');
  const encoded = pairs.map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return [recode(name), recode(value.join('='))] as const;
  });
  return encoded
    .sort(([a, c], [b, d]) => (a === b ? (c < d ? -1 : 1) : a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');
}

/** Decoded, and each byte encoded again but for A-Z a-z 0-9 - . _ ~ */
function recode(text: string): string {
  return Array.from(Buffer.from(decodeURIComponent(text)), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function parseDate(text: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
