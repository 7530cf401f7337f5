import { expect, test } from '@jest/globals';
import { recogniseContainer, type ContainerTraces } from './container.ts';

const id = '3f8e'.repeat(16);
const plain = '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw';
const layered = '600 500 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/l';
const hosts = `611 600 254:1 /var/lib/docker/containers/${id}/hosts /etc/hosts rw - ext4 /dev/vda rw`;

function traces(changes: Partial<ContainerTraces>): ContainerTraces {
  return { mountinfo: plain, cgroup: '0::/init.scope\n', env: {}, markers: [], ...changes };
}

test.each([
  ['a machine', {}],
  ['a machine with a file system copied from an image', { markers: ['/.dockerenv'] }],
  [
    'a machine that mounts files of containers elsewhere',
    { mountinfo: `${plain}\n${plain.replace(' / / ', ' /x /y ')}` },
  ],
  ['nothing to read', { mountinfo: '', cgroup: '' }],
])('%s is not a container', (_, changes) => {
  expect(recogniseContainer(traces(changes))).toBeUndefined();
});

test.each([
  ['docker', { mountinfo: `${layered}\n${hosts}`, markers: ['/.dockerenv'] }],
  ['docker', { mountinfo: `${plain}\n${hosts}` }],
  ['docker', { cgroup: `12:memory:/docker/${id}\n` }],
  ['docker', { mountinfo: layered, markers: ['/.dockerenv'] }],
  ['podman', { mountinfo: layered, markers: ['/run/.containerenv'] }],
  [
    'kubernetes',
    {
      mountinfo: `${layered}\n612 600 254:1 /var/lib/kubelet/pods/6c1f/etc-hosts /etc/hosts rw - ext4 /dev/vda rw`,
    },
  ],
  ['kubernetes', { mountinfo: layered, cgroup: '0::/kubepods.slice/kubepods-burstable.slice/x\n' }],
  ['sysbox', { mountinfo: `${layered}\n${hosts}\n620 600 0:70 / /proc/uptime rw - fuse sysboxfs rw` }],
  ['lxc', { env: { container: 'lxc' } }],
  ['unknown', { mountinfo: layered }],
] as const)('recognises a container of kind %s', (kind, changes) => {
  expect(recogniseContainer(traces(changes))?.kind).toBe(kind);
});

test('finds the ID of the container in mounts or control groups', () => {
  expect(recogniseContainer(traces({ mountinfo: `${layered}\n${hosts}` }))?.id).toBe(id);
  expect(recogniseContainer(traces({ cgroup: `0::/system.slice/docker-${id}.scope\n` }))?.id).toBe(id);
  expect(recogniseContainer(traces({ mountinfo: layered }))?.id).toBeUndefined();
});

test('names the mount that reveals the container, with escapes decoded', () => {
  const pod = String.raw`612 600 254:1 /var/lib/kubelet/pods/6c1f/etc /my\040files rw - ext4 /dev/vda rw`;
  expect(recogniseContainer(traces({ mountinfo: `${layered}\n${pod}` }))?.sign).toBe('the mount /my files');
});
