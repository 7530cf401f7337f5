import { describe, expect, test } from '@jest/globals';
import { digestOf } from '../image/digest.ts';
import { blobWriteError, documentWriteError, storeIoError } from './store-error.ts';

const descriptor = { mediaType: 'x', digest: digestOf('x'), size: 4096 };
const failure = { dir: '/bundle', path: '/bundle/.dray/ingest/x', descriptor };

describe('an error of the store', () => {
  test.each(['ENOSPC', 'EDQUOT'])('for %s names the directory and the bytes needed', (code) => {
    const error = blobWriteError(failure, Object.assign(new Error('write'), { code }));
    expect(error).toMatchObject({
      code: 'DISK_FULL',
      side: 'destination',
      digest: descriptor.digest,
      details: { dir: '/bundle', bytesNeeded: 4096 },
    });
    expect(error.message).toMatch(/\/bundle:.* 4096 /);
    expect(documentWriteError('/bundle/index.json', 10, { code }).code).toBe('DISK_FULL');
    expect(storeIoError('create directory', '/bundle', { code })).toMatchObject({
      code: 'DISK_FULL',
      message: 'cannot write /bundle: the disk is full',
    });
  });

  test('for any other cause names the path', () => {
    const cause = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    expect(blobWriteError(failure, cause)).toMatchObject({
      code: 'STORE_IO',
      cause,
      details: { path: failure.path },
    });
    expect(storeIoError('list directory', '/bundle', cause)).toMatchObject({ code: 'STORE_IO', cause });
    expect(documentWriteError('/bundle/index.json', 10, cause)).toMatchObject({ code: 'STORE_IO', cause });
  });
});
