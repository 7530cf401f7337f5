/**
 * Which Debian releases each part is put together from.
 * The runc of bookworm is used throughout: those of later releases want a newer libc than bookworm has.
 * @typedef {object} Recipe
 * @property {string} title
 * @property {string} folder below the cache
 * @property {Record<string, readonly string[]>} packages by release; the first one names the version
 * @property {readonly string[]} programs that must start for the part to count as usable
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
const SPLIT_CLI = ['docker.io', 'containerd', 'docker-cli'];

/** @type {readonly Recipe[]} */
export const testParts = [
  engine('20.10', { bookworm: ['docker.io', 'containerd', 'runc'] }),
  engine('28.5', { sid: SPLIT_CLI, ...RUNC }),
  {
    title: 'registry',
    folder: 'registry',
    packages: { bookworm: ['docker-registry'] },
    programs: ['usr/bin/docker-registry'],
  },
];

/** Only fetched when asked for by name. @type {Readonly<Record<string, Recipe>>} */
export const extraEngines = { 26.1: engine('26.1', { trixie: SPLIT_CLI, ...RUNC }) };
