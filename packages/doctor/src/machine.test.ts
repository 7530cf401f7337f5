import { describe, expect, test } from '@jest/globals';
import { parseCapabilities } from './capabilities.ts';
import { cgroupFacts, memoryFacts } from './cgroup.ts';
import { shortReason } from '@drayage/core/plan';
import { supportByAttempt, supportOf } from './kernel-support.ts';
import { versionIn } from './programs.ts';
import { probe, within } from './within.ts';
import { virtualMachineName } from './virtual-machine.ts';

describe('capabilities', () => {
  test('are listed by name', () => {
    const { effective, missing, unreachable } = parseCapabilities(
      'CapEff:\t000001fffeffffff\nCapBnd:\t000001ffffffffff\n',
      '40\n',
    );
    expect(effective).toHaveLength(40);
    expect(missing).toEqual(['CAP_SYS_RESOURCE']);
    expect(unreachable).toEqual([]);
  });

  test('of a newer kernel are listed by number', () => {
    expect(parseCapabilities('CapEff:\t0000020000000000\n', '41').effective).toEqual(['CAP_41']);
  });

  test('are empty if nothing can be read', () => {
    expect(parseCapabilities('', '').effective).toEqual([]);
  });
});

describe('file systems of the kernel', () => {
  const listed = 'nodev\tsysfs\nnodev\toverlay\n\text4\n\tsquashfs\n';

  test.each([
    ['squashfs', 'yes'],
    ['overlay', 'yes'],
    ['erofs', 'module'],
    ['fuse', 'unknown'],
  ] as const)('%s: %s', (name, support) => {
    expect(supportOf(name, listed, 'kernel/fs/erofs/erofs.ko.xz: kernel/lib/lz4.ko\n')).toBe(support);
  });

  test.each([
    ["mount: /mnt: unknown filesystem type 'squashfs'.", 'no'],
    ['mount: mounting /dev/null on /mnt failed: No such device', 'no'],
    ['mount: /mnt: /dev/null is not a block device.', 'yes'],
    ['mount: mounting /dev/null on /mnt failed: Block device required', 'yes'],
    ['unshare: unshare failed: Operation not permitted', 'unknown'],
  ] as const)('a mount error "%s" means: %s', (message, support) => {
    expect(supportByAttempt(message)).toBe(support);
  });
});

test.each([
  ['mksquashfs version 4.5.1 (2022/03/17)\ncopyright (C) 2022', '4.5.1'],
  ['Docker version 28.5.2, build 3ef3c07', '28.5.2'],
  ['containerd github.com/containerd/containerd/v2 v2.1.9 abc', '2.1.9'],
  ['mke2fs 1.47.0 (5-Feb-2023)', '1.47.0'],
  ['flock from util-linux 2.38.1', '2.38.1'],
  ['ip utility, iproute2-ss190107', 'ss190107'],
  ['flock: unrecognized option: version\nBusyBox v1.36.1 (2023) multi-call binary.', '1.36.1'],
  ['no version here', undefined],
])('the version in %j is %s', (text, version) => {
  expect(versionIn(text)).toBe(version);
});

test('control groups have a version and may be writable', () => {
  const two = '30 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n';
  const one = '35 31 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n';
  expect(cgroupFacts(two)).toEqual({ version: 2, writable: false });
  expect(cgroupFacts(`${two}${one}`)).toEqual({ version: 1, writable: true });
  expect(cgroupFacts('')).toEqual({ version: undefined, writable: false });
});

test('a memory limit counts only below the memory of the machine', () => {
  const meminfo = 'MemTotal:       1000 kB\nMemAvailable:   500 kB\n';
  expect(memoryFacts(meminfo, '512000\n')).toEqual({ total: 1_024_000, available: 512_000, limit: 512_000 });
  for (const limit of ['max\n', '9223372036854771712\n', ''])
    expect(memoryFacts(meminfo, limit)).not.toHaveProperty('limit');
});

test.each([
  [{ product: 'KVM\n', vendor: 'QEMU\n' }, 'QEMU KVM'],
  [{ cpuinfo: 'flags\t\t: fpu hypervisor lahf_lm\n' }, 'a virtual machine'],
  [{ osrelease: '5.15.153.1-microsoft-standard-WSL2' }, 'WSL'],
  [{ osrelease: '6.10.14-linuxkit' }, 'LinuxKit'],
  [{ vendor: 'Dell Inc.', product: 'PowerEdge' }, undefined],
])('virtual machine %j is %s', (traces, name) => {
  const none = { vendor: '', product: '', cpuinfo: '', hypervisor: '', osrelease: '' };
  expect(virtualMachineName({ ...none, ...traces })).toBe(name);
});

test('only the reason of a message is kept', () => {
  expect(shortReason('cannot mount into engine at unix:///run/x.sock: mounting needs root')).toBe(
    'mounting needs root',
  );
  expect(shortReason('gone')).toBe('gone');
});

describe('a probe', () => {
  test('that takes too long is abandoned', async () => {
    expect((await probe(['sleep', '60'], process.env, 50)).exitCode).not.toBe(0);
    expect(await within(new Promise<string>(() => undefined), 'late', 20)).toBe('late');
  });

  test('that fails gives the default', async () => {
    expect((await probe(['/nonexistent/program'], process.env)).exitCode).toBe(127);
    expect(await within(Promise.reject(new Error('no')), 'failed')).toBe('failed');
  });
});
