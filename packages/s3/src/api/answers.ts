import { XMLParser } from 'fast-xml-parser';
import { isObject, type JsonObject } from '@drayage/core';
import { readDecoded, type HttpResponse } from '@drayage/http';

const maxAnswerBytes = 4 * 1024 * 1024;

// Texts stay texts: an ETag or a key may look like a number.
const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: true });

/** What an answer says about a failure. */
export interface S3Fault {
  /** `NoSuchKey`, `SlowDown`, …; empty if the answer does not say. */
  readonly code: string;
  readonly message: string;
  /** Where the bucket is, if the request went to another region. */
  readonly region: string | undefined;
}

/** One object of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** By the server's clock (ms since the epoch). */
  readonly modifiedAt: number;
}

export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/** The root element of an XML answer, by its name; empty for anything else. */
export async function readXml(response: HttpResponse): Promise<JsonObject> {
  const { bytes, isWhole } = await readDecoded(response, maxAnswerBytes);
  return isWhole ? parseXml(bytes.toString('utf8')) : {};
}

function parseXml(text: string): JsonObject {
  try {
    const value: unknown = parser.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/**
 * The fault in an answer; undefined if it reports none. S3 reports some faults with status 200.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function faultIn(answer: JsonObject): S3Fault | undefined {
  const { Error: error } = answer;
  if (!isObject(error)) return undefined;
  return {
    code: textIn(error, 'Code') ?? '',
    message: textIn(error, 'Message') ?? '',
    region: textIn(error, 'Region'),
  };
}

/** The text of an element below the root element `root`. */
export function textOfAnswer(answer: JsonObject, root: string, name: string): string | undefined {
  const element = answer[root];
  return isObject(element) ? textIn(element, name) : undefined;
}

/** A page of ListObjectsV2; undefined if the answer is none. */
export function listPage(answer: JsonObject): ListPage | undefined {
  const { ListBucketResult: result } = answer;
  if (!isObject(result)) return undefined;
  const entries = [result['Contents'] ?? []].flat();
  const isTruncated = textIn(result, 'IsTruncated') === 'true';
  return {
    objects: entries.flatMap((entry) => (isObject(entry) ? (listedObject(entry) ?? []) : [])),
    next: isTruncated ? textIn(result, 'NextContinuationToken') : undefined,
  };
}

function listedObject(entry: JsonObject): ListedObject | undefined {
  const [key, size] = [textIn(entry, 'Key'), textIn(entry, 'Size')];
  if (key === undefined || size === undefined || !/^\d+$/.test(size)) return undefined;
  return { key, sizeBytes: Number(size), modifiedAt: Date.parse(textIn(entry, 'LastModified') ?? '') };
}

function textIn(element: JsonObject, name: string): string | undefined {
  const value = element[name];
  return typeof value === 'string' ? value : undefined;
}
