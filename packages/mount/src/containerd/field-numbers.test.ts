import type { DescMessage } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import * as content from './generated/content_pb.ts';
import * as images from './generated/images_pb.ts';
import * as introspection from './generated/introspection_pb.ts';
import * as leases from './generated/leases_pb.ts';
import * as snapshots from './generated/snapshots_pb.ts';
import * as types from './generated/types_pb.ts';

// Copied by hand from containerd v2.1, api/services/*/v1/*.proto and api/types/*.proto, to catch wrong
// numbers.
test.each<[DescMessage, Readonly<Record<string, number>>]>([
  [types.DescriptorSchema, { media_type: 1, digest: 2, size: 3 }],
  [types.MountSchema, { type: 1, source: 2, target: 3, options: 4 }],
  [images.ImageSchema, { name: 1, labels: 2, target: 3 }],
  [images.GetImageRequestSchema, { name: 1 }],
  [images.GetImageResponseSchema, { image: 1 }],
  [images.ListImagesRequestSchema, { filters: 1 }],
  [images.ListImagesResponseSchema, { images: 1 }],
  [images.CreateImageRequestSchema, { image: 1 }],
  [images.UpdateImageRequestSchema, { image: 1, update_mask: 2 }],
  [images.DeleteImageRequestSchema, { name: 1, sync: 2 }],
  [content.InfoSchema, { digest: 1, labels: 5 }],
  [content.InfoRequestSchema, { digest: 1 }],
  [content.InfoResponseSchema, { info: 1 }],
  [content.ListContentRequestSchema, { filters: 1 }],
  [content.ListContentResponseSchema, { info: 1 }],
  [content.UpdateRequestSchema, { info: 1, update_mask: 2 }],
  [
    content.WriteContentRequestSchema,
    { action: 1, ref: 2, total: 3, expected: 4, offset: 5, data: 6, labels: 7 },
  ],
  [leases.LeaseSchema, { id: 1, labels: 3 }],
  [leases.CreateRequestSchema, { id: 1, labels: 3 }],
  [leases.DeleteRequestSchema, { id: 1, sync: 2 }],
  [leases.ListRequestSchema, { filters: 1 }],
  [leases.ListResponseSchema, { leases: 1 }],
  [snapshots.InfoSchema, { name: 1, parent: 2, kind: 3, labels: 6 }],
  [snapshots.PrepareSnapshotRequestSchema, { snapshotter: 1, key: 2, parent: 3, labels: 4 }],
  [snapshots.PrepareSnapshotResponseSchema, { mounts: 1 }],
  [snapshots.CommitSnapshotRequestSchema, { snapshotter: 1, name: 2, key: 3, labels: 4 }],
  [snapshots.RemoveSnapshotRequestSchema, { snapshotter: 1, key: 2 }],
  [snapshots.StatSnapshotRequestSchema, { snapshotter: 1, key: 2 }],
  [snapshots.StatSnapshotResponseSchema, { info: 1 }],
  [snapshots.UpdateSnapshotRequestSchema, { snapshotter: 1, info: 2, update_mask: 3 }],
  [snapshots.ListSnapshotsRequestSchema, { snapshotter: 1, filters: 2 }],
  [snapshots.ListSnapshotsResponseSchema, { info: 1 }],
  [introspection.ServerResponseSchema, { uuid: 1, pid: 2, pidns: 3 }],
])('$typeName has the field numbers of containerd', ({ fields }, numbers) => {
  expect(Object.fromEntries(fields.map(({ name, number }) => [name, number]))).toEqual(numbers);
});

test('enums have the numbers of containerd', () => {
  const { WriteAction } = content;
  expect([WriteAction.STAT, WriteAction.WRITE, WriteAction.COMMIT]).toEqual([0, 1, 2]);
  const { Kind } = snapshots;
  expect([Kind.UNKNOWN, Kind.VIEW, Kind.ACTIVE, Kind.COMMITTED]).toEqual([0, 1, 2, 3]);
});
