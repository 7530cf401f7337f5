import { readFileSync } from 'node:fs';

import { run } from './run.mjs';

const TOOLS = [
  'busybox-static',
  'e2fsprogs',
  'erofs-utils',
  'fuse-overlayfs',
  'git',
  'iproute2',
  'iptables',
  'musl',
  'openssh-client',
  'openssl',
  'rootlesskit',
  'rsync',
  'shellcheck',
  'skopeo',
  'slirp4netns',
  'squashfs-tools',
  'uidmap',
  'umoci',
  'zstd',
];
const FOR_DOWNLOADS = ['ca-certificates', 'debian-archive-keyring'];
const LIBRARIES_OF_DOCKERD = ['libdevmapper1.02.1', 'libseccomp2', 'libsystemd0'];

/**
 * The reason why Debian packages cannot be used here; undefined if they can.
 * @returns {string | undefined}
 */
export function whyNoPackages() {
  if (osRelease().ID !== 'debian') return 'this is not Debian';
  if (process.getuid?.() !== 0) return 'not run as root';
  return undefined;
}

/**
 * Installs the tools that tests use and the libraries that dockerd links to; none of them starts a service.
 * @returns {string} what was done
 */
export function setUpTools() {
  const missing = missingPackages([...TOOLS, ...FOR_DOWNLOADS, ...LIBRARIES_OF_DOCKERD]);
  if (missing.length === 0) return 'up to date';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
  run('apt-get', [...wait, 'update'], { env });
  run('apt-get', [...wait, 'install', '-y', '--no-install-recommends', ...missing], { env });
  return `installed ${missing.join(', ')}`;
}

/**
 * Finds the mirror this machine's own apt uses, so that proxies and company mirrors are respected.
 * @returns {string}
 */
export function debianMirror() {
  const codename = osRelease().VERSION_CODENAME;
  // Without release information, a source is listed even if its lists were never fetched or have been
  // removed.
  const format = [
    '--no-release-info',
    '--format',
    '$(RELEASE) $(COMPONENT) $(REPO_URI)',
    'Created-By: Packages',
  ];
  const mirrors = run('apt-get', ['indextargets', ...format])
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([release, component]) => release === codename && component === 'main')
    .map(([, , uri]) => uri);
  const mirror = mirrors.find((uri) => uri.endsWith('/debian/')) ?? mirrors[0];
  if (mirror === undefined)
    throw new Error(`cannot find a Debian mirror: apt has no source for ${codename} main`);
  return mirror;
}

/** @param {readonly string[]} packages */
function missingPackages(packages) {
  const installed = run('dpkg-query', ['--show', '--showformat', '${Package} ${db:Status-Status}\\n']).split(
    '\n',
  );
  return packages.filter((name) => !installed.includes(`${name} installed`));
}

/** @returns {Record<string, string>} */
function osRelease() {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
    return Object.fromEntries(lines.map((line) => line.replaceAll('"', '').split('=', 2)));
  } catch {
    return {};
  }
}
