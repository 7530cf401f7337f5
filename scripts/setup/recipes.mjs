/**
 * The Debian packages of each part, by release. Always uses the runc of bookworm: later ones need a newer
 * libc.
 * @typedef {object} Recipe
 * @property {string} title
 * @property {string} folder below the cache
 * @property {Record<string, readonly string[]>} packages by release; the first one names the version
 * @property {readonly string[]} programs that must start for the part to count as usable
 * @property {string} [versionFlag] default: --version
 * @property {boolean} [ownLibraries] its programs need newer libraries than bookworm has, and use the part's
 * own; they are in `bin`
 */

const ENGINE_PROGRAMS = ['usr/sbin/dockerd', 'usr/bin/containerd', 'usr/sbin/runc', 'usr/bin/docker'];

/**
 * @param {string} name
 * @param {Record<string, readonly string[]>} packages
 * @returns {Recipe}
 */
const engine = (name, packages) => ({
  title: `engine ${name}`,
  folder: `engines/${name}`,
  packages,
  programs: ENGINE_PROGRAMS,
});

const RUNC = { bookworm: ['runc'] };
const LIBRARIES_OF_EROFS = [
  ...['libdeflate0', 'liblz4-1', 'liblzma5', 'libpcre2-8-0', 'libselinux1', 'libuuid1', 'libxxhash0'],
  ...['libzstd1', 'zlib1g'],
];
const SPLIT_CLI = ['docker.io', 'containerd', 'docker-cli'];

/** @type {readonly Recipe[]} */
export const testParts = [
  engine('20.10', { bookworm: ['docker.io', 'containerd', 'runc'] }),
  engine('26.1', { trixie: SPLIT_CLI, ...RUNC }),
  engine('28.5', { sid: SPLIT_CLI, ...RUNC }),
  {
    title: 'compose',
    folder: 'compose',
    packages: { trixie: ['docker-compose'] },
    programs: ['usr/libexec/docker/cli-plugins/docker-compose'],
  },
  {
    title: 'registry',
    folder: 'registry',
    packages: { bookworm: ['docker-registry'] },
    programs: ['usr/bin/docker-registry'],
  },
  {
    title: 'nginx',
    folder: 'nginx',
    packages: { bookworm: ['nginx'] },
    programs: ['usr/sbin/nginx'],
    versionFlag: '-v',
  },
  {
    title: 'erofs-utils',
    folder: 'erofs',
    packages: { trixie: ['erofs-utils', 'libc6', ...LIBRARIES_OF_EROFS] },
    programs: ['bin/mkfs.erofs', 'bin/fsck.erofs'],
    ownLibraries: true,
  },
];
