import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The variables that tests inherit. All others could change what they test. */
const KEPT =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|CI|NODE_OPTIONS|XDG_CACHE_HOME|(?:DRAYAGE|JEST)_.*)$/;

/** npm needs these if packages come from a mirror. */
const KEPT_OF_NPM = /^npm_config_(?:registry|cache)$/i;

/**
 * The environment of the tests and of every program that they start: the same on all machines.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function testEnvironment(env) {
  const kept = Object.entries(env).filter(([name]) => KEPT.test(name) || KEPT_OF_NPM.test(name));
  return {
    HOME: homedir(),
    ...Object.fromEntries(kept),
    PATH: withSystemFolders(env.PATH ?? ''),
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

/**
 * Makes this process, and those that it starts, run in {@link testEnvironment}, and gives new files their
 * usual mode.
 */
export function enterTestEnvironment() {
  const wanted = testEnvironment(process.env);
  for (const name of Object.keys(process.env))
    if (!(name in wanted)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, wanted);
  process.umask(0o022);
}

/**
 * A user's PATH can lack the folders for administrators. npm puts its own folders first, where tests would
 * find the `dray` of this checkout.
 * @param {string} path
 */
function withSystemFolders(path) {
  const folders = path
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.endsWith(join('node_modules', '.bin')));
  const system = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return [...folders, ...system.filter((folder) => !folders.includes(folder))].join(delimiter);
}
