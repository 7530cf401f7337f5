import { abortError, DrayError, familiarName, familiarReference } from '@drayage/core';
import type { Engine, HelperContainers, ImageSaver, Reference } from '@drayage/core';
import { untilAborted } from './until-aborted.ts';
import { checkImageRunnable, checkImageUsable } from './check-runnable.ts';
import { connect, type Connection } from './connection.ts';
import type { EngineEndpoint } from './endpoint/endpoint.ts';
import { requestFailed } from './engine-errors.ts';
import { openHelperContainer } from './helper/open-helper-container.ts';
import { imageName, inspectImage } from './inspect-image.ts';
import { chainIdsOfImages } from './list-chain-ids.ts';
import { loadImage } from './load.ts';
import { pullImage, type RegistryAuth } from './pull-image.ts';
import { openArchive } from './save/open-archive.ts';

const defaultConnectTimeoutMs = 10_000;

export interface DockerEngineOptions {
  /** From `resolveEngineEndpoint`. */
  readonly endpoint: EngineEndpoint;
  /** Returns the credentials for a pull; undefined: none. Never shown in messages. */
  readonly authFor?: ((reference: Reference) => Promise<RegistryAuth | undefined>) | undefined;
  /** Time limit for the first answers of the engine (ms, default 10 s). */
  readonly connectTimeoutMs?: number | undefined;
}

/**
 * The engine at `options.endpoint`, through the Docker API. Connects on first use and caches the engine's
 * description; only `describe` queries it again.
 */
export function createDockerEngine(options: DockerEngineOptions): Engine & ImageSaver & HelperContainers {
  const { endpoint, authFor } = options;
  let known: Promise<Connection> | undefined;

  const ask = (signal: AbortSignal | undefined): Promise<Connection> => {
    const timeoutMs = options.connectTimeoutMs ?? defaultConnectTimeoutMs;
    const asked = connect(endpoint, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
    known = asked;
    // Try again after a failure.
    asked.catch(() => {
      if (known === asked) known = undefined;
    });
    return asked;
  };

  /** Runs one operation; its errors read "cannot <verb> <location>: …". */
  const run: Run = async (verb, signal, work) => {
    const connection = await (known ?? ask(signal));
    try {
      return await untilAborted(work(connection), signal, (by) =>
        abortError(by, `${verb} ${endpoint.location}`),
      );
    } catch (error) {
      throw error instanceof DrayError ? error : requestFailed(verb, endpoint, error);
    }
  };

  return {
    describe: async (signal) => (await ask(signal)).info,
    inspect: (name, signal) =>
      run(`inspect ${imageName(name)} on`, signal, ({ docker }) =>
        inspectImage(docker, imageName(name), signal),
      ),
    listChainIds: (signal) =>
      run('list the layers of', signal, (connection) => chainIdsOfImages(connection, signal)),
    load: async (request) => loadImage(await (known ?? ask(request.signal)), request),
    tag: (engineImageId, reference, signal) =>
      run(`tag ${familiarReference(reference)} on`, signal, async ({ docker }) => {
        await docker.getImage(engineImageId).tag({
          repo: familiarName(reference),
          tag: reference.tag ?? 'latest',
          ...(signal === undefined ? {} : { abortSignal: signal }),
        });
      }),
    ...removals(run),
    pull: async (reference, platform, signal) => {
      const connection = await (known ?? ask(signal));
      const auth = await authFor?.(reference);
      const wanted = { ...(auth === undefined ? {} : { auth }), ...(signal === undefined ? {} : { signal }) };
      await pullImage(connection, reference, platform, wanted);
    },
    save: (names, signal) =>
      run('save images from', signal, (connection) => openArchive(connection, names, signal)),
    checkRunnable: async (engineImageId, signal) =>
      checkImageRunnable(await (known ?? ask(signal)), engineImageId, signal),
    checkUsable: async (engineImageId, signal) =>
      checkImageUsable(await (known ?? ask(signal)), engineImageId, signal),
    openHelperContainer: async (request) =>
      openHelperContainer(await (known ?? ask(request.signal)), request),
  };
}

type Run = <T>(
  verb: string,
  signal: AbortSignal | undefined,
  work: (connection: Connection) => Promise<T>,
) => Promise<T>;

function removals(run: Run): Pick<Engine, 'remove' | 'removeUnnamed'> {
  return {
    remove: (id, signal) =>
      run(`remove ${id} from`, signal, async ({ docker }) => {
        await docker.getImage(id).remove(signal === undefined ? {} : { abortSignal: signal });
      }),
    removeUnnamed: (label, olderThanMs, signal) =>
      run('remove images without a name from', signal, async ({ docker }) => {
        const until = `${String(Math.ceil(olderThanMs / 1000))}s`;
        const filters = JSON.stringify({ dangling: ['true'], label: [label], until: [until] });
        await docker.pruneImages({ filters, ...(signal === undefined ? {} : { abortSignal: signal }) });
      }),
  };
}
