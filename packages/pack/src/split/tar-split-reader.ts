import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isObject, systemErrorCode, type ByteStream } from '@drayage/core';

/** One line of a tar-split. Names are bytes (`latin1`). */
export type TarSplitRecord =
  | { readonly type: 'segment'; readonly payload: Buffer }
  | { readonly type: 'file'; readonly name: string; readonly size: number; readonly crc: Buffer };

/** A tar-split that cannot be read; the caller names the layer. */
export class MalformedTarSplit extends Error {
  override readonly name = 'MalformedTarSplit';
}

/** Longer than any line that drayage writes (bytes). */
const maxLineBytes = 32 * 1024 * 1024;

/**
 * Reads the lines of a gzip-compressed tar-split. Errors of `bytes` are passed on unchanged.
 * @throws MalformedTarSplit
 */
export async function* readTarSplit(bytes: ByteStream): AsyncGenerator<TarSplitRecord> {
  let position = 0;
  for await (const line of readLines(bytes)) {
    yield parseLine(line, position);
    position += 1;
  }
}

async function* readLines(bytes: ByteStream): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of gunzip(bytes)) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const piece = chunk.subarray(start, end);
      yield rest.length === 0 ? piece.toString() : Buffer.concat([...rest, piece]).toString();
      [rest, restBytes, start] = [[], 0, end + 1];
    }
    if (start === chunk.length) continue;
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > maxLineBytes) throw new MalformedTarSplit('a line is too long');
  }
  if (restBytes > 0) throw new MalformedTarSplit('its last line is truncated');
}

async function* gunzip(bytes: ByteStream): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const feeding = pipeline(Readable.from(bytes), gunzip);
  feeding.catch(() => undefined);
  try {
    for await (const chunk of gunzip) if (Buffer.isBuffer(chunk)) yield chunk;
    await feeding;
  } catch (error) {
    if (systemErrorCode(error)?.startsWith('Z_') === true)
      throw new MalformedTarSplit('it is not valid gzip');
    throw error;
  } finally {
    gunzip.destroy();
  }
}

function parseLine(line: string, position: number): TarSplitRecord {
  const value = parseJson(line);
  if (!isObject(value)) throw malformedLine(position);
  const { type, name, name_raw: nameRaw, size = 0, payload, position: stated } = value;
  if (stated !== position) throw malformedLine(position);
  if (type === 2 && typeof payload === 'string')
    return { type: 'segment', payload: Buffer.from(payload, 'base64') };
  if (type !== 1 || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformedLine(position);
  }
  const crc = typeof payload === 'string' ? Buffer.from(payload, 'base64') : Buffer.alloc(0);
  if (size > 0 && crc.length !== 8) throw malformedLine(position);
  return { type: 'file', name: nameBytes(name, nameRaw), size, crc };
}

function nameBytes(name: unknown, nameRaw: unknown): string {
  if (typeof nameRaw === 'string') return Buffer.from(nameRaw, 'base64').toString('latin1');
  return typeof name === 'string' ? Buffer.from(name).toString('latin1') : '';
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function malformedLine(position: number): MalformedTarSplit {
  return new MalformedTarSplit(`line ${String(position + 1)} is malformed`);
}
