import { describe, expect, test } from '@jest/globals';
import { blobsLeadingTo, withDescendants } from './broken-images.ts';

describe('a broken snapshot breaks', () => {
  test('every snapshot above it', () => {
    const all = [
      { name: 'top', parent: 'middle' },
      { name: 'middle', parent: 'broken' },
      { name: 'broken', parent: 'base' },
      { name: 'base', parent: '' },
      { name: 'other', parent: 'base' },
    ];
    expect([...withDescendants(['broken'], all)].sort()).toEqual(['broken', 'middle', 'top']);
    expect(withDescendants([], all).size).toBe(0);
  });

  test('every config, manifest and index that refers to it', () => {
    const blobs = [
      { digest: 'index', labels: { 'containerd.io/gc.ref.content.m.0': 'manifest' } },
      { digest: 'manifest', labels: { 'containerd.io/gc.ref.content.config': 'config' } },
      { digest: 'built', labels: { 'containerd.io/gc.ref.content.0': 'config' } },
      { digest: 'config', labels: { 'containerd.io/gc.ref.snapshot.overlayfs': 'broken' } },
      { digest: 'sound', labels: { 'containerd.io/gc.ref.snapshot.overlayfs': 'base' } },
      { digest: 'source', labels: { 'containerd.io/distribution.source.docker.io': 'config' } },
    ];
    expect([...blobsLeadingTo(new Set(['broken']), blobs)].sort()).toEqual([
      'built',
      'config',
      'index',
      'manifest',
    ]);
  });
});
