import type { Platform } from './platform.ts';

/** A variant that an alias fixes, whatever the platform says of its own. */
interface Alias {
  readonly architecture: string;
  readonly variant?: string;
}

// What users and kernels call them → Go's names, as containerd's platforms package normalises them.
const architectures = new Map<string, Alias>([
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['x64', { architecture: 'amd64' }],
  ['aarch64', { architecture: 'arm64' }],
  ['i386', { architecture: '386', variant: '' }],
  ['ia32', { architecture: '386', variant: '' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
]);

// The variant that a platform without one means.
const defaultVariants = new Map([
  ['amd64', 'v1'],
  ['arm64', 'v8'],
  ['arm', 'v7'],
]);

/**
 * The same platform in Go spelling: lower case, architectures and systems under their usual names, variants
 * with a `v`. A variant that is the architecture's default is left out.
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const written = platform.architecture.toLowerCase();
  const alias = architectures.get(written);
  const architecture = alias?.architecture ?? written;
  const variant = normalizeVariant(architecture, alias?.variant ?? platform.variant?.toLowerCase() ?? '');
  const isDefault = variant === '' || variant === defaultVariants.get(architecture);
  return {
    os: os === 'macos' ? 'darwin' : os,
    architecture,
    ...(isDefault ? {} : { variant }),
  };
}

/** Of the architectures that number their variants: `8`, `v8` and `v8.0` are one. */
function normalizeVariant(architecture: string, variant: string): string {
  if (!defaultVariants.has(architecture)) return variant;
  const withLetter = /^[0-9]/.test(variant) ? `v${variant}` : variant;
  return architecture === 'arm64' ? withLetter.replace(/^(v[0-9]+)\.0$/, '$1') : withLetter;
}
