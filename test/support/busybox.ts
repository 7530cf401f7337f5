import type { LayerEntry } from './layer-entries.ts';

const COMMANDS = [
  'cat',
  'echo',
  'env',
  'false',
  'grep',
  'id',
  'ls',
  'md5sum',
  'sha256sum',
  'sh',
  'sleep',
  'test',
  'true',
  'wc',
];

/** Entries that make a layer runnable: a static busybox with its usual commands. */
export function busyboxLayer(): LayerEntry[] {
  return [
    ...['bin', 'etc', 'tmp'].map((path) => ({ path, directory: true }) as const),
    { path: 'bin/busybox', content: { file: '/bin/busybox' }, mode: 0o755 },
    ...COMMANDS.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    { path: 'etc/passwd', content: 'root:x:0:0:root:/:/bin/sh\n' },
  ];
}
