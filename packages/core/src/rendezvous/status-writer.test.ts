import { afterEach, describe, expect, test } from '@jest/globals';
import type { DocumentName, DocumentStore } from '../transport.ts';
import { startStatus, type StatusWriter, type StatusWriterOptions } from './status-writer.ts';
import { parseStatus, type StatusDocument } from './status.ts';

/** Keeps every version of every document, and signals each write. */
class RecordingDocuments implements DocumentStore {
  readonly versions: StatusDocument[] = [];
  isBroken = false;
  #listener: (() => void) | undefined;

  read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  write(_: DocumentName, bytes: Uint8Array): Promise<void> {
    if (this.isBroken) return Promise.reject(new Error('the location is gone'));
    this.versions.push(parseStatus(bytes));
    this.#listener?.();
    return Promise.resolve();
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }

  async atLeast(count: number): Promise<void> {
    while (this.versions.length < count) await new Promise<void>((resolve) => (this.#listener = resolve));
  }
}

const started: StatusWriter[] = [];
afterEach(async () => {
  for (const writer of started.splice(0)) await writer.finish('cancelled').catch(() => undefined);
});

async function start(
  places: readonly DocumentStore[],
  more: Partial<StatusWriterOptions> = {},
): Promise<StatusWriter> {
  const progress = (): { bytesFetched: number; bytesReused: number } => ({ bytesFetched: 1, bytesReused: 2 });
  const writer = await startStatus({
    places,
    images: new Map(
      ['a', 'b'].map((name) => [name, { reference: `docker.io/library/${name}:1`, state: 'pending' }]),
    ),
    progress,
    ...more,
  });
  started.push(writer);
  return writer;
}

describe('the status writer', () => {
  test('publishes the running state and the images before it returns', async () => {
    const place = new RecordingDocuments();
    await start([place], { pipeline: '42' });
    expect(place.versions[0]).toMatchObject({ state: 'running', pipeline: '42', beat: 1 });
    expect(place.versions[0]?.images.map(({ state }) => state)).toEqual(['pending', 'pending']);
  });

  test('renews the heartbeat in the background', async () => {
    const place = new RecordingDocuments();
    await start([place], { heartbeatMs: 5 });
    await place.atLeast(3);
    expect(place.versions.slice(0, 3).map(({ beat }) => beat)).toEqual([1, 2, 3]);
  });

  test('writes to every location, and nothing after the final state', async () => {
    const places = [new RecordingDocuments(), new RecordingDocuments()];
    const writer = await start(places, { heartbeatMs: 1 });
    await writer.setImage('a', { reference: 'docker.io/library/a:1', state: 'ready' });
    await writer.finish('ready');
    const counts = places.map(({ versions }) => versions.length);
    await new Promise((resolve) => setImmediate(resolve));
    for (const [position, place] of places.entries()) {
      expect(place.versions.at(-1)).toMatchObject({ state: 'ready' });
      expect(place.versions.at(-1)?.images[0]?.state).toBe('ready');
      expect(place.versions).toHaveLength(counts[position] ?? -1);
    }
  });

  test('reports a failed renewal and goes on', async () => {
    const place = new RecordingDocuments();
    const failures: unknown[] = [];
    const failed = new Promise<void>((resolve) => {
      void start([place], {
        heartbeatMs: 5,
        onRenewalFailed: (error) => {
          failures.push(error);
          place.isBroken = false;
          resolve();
        },
      });
    });
    await place.atLeast(1);
    place.isBroken = true;
    await failed;
    await place.atLeast(2);
    expect(failures).toHaveLength(1);
  });

  test('refuses to start when it cannot write', async () => {
    const place = new RecordingDocuments();
    place.isBroken = true;
    await expect(start([place])).rejects.toThrow('the location is gone');
  });
});
