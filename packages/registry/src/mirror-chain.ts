import { isDrayError, type DrayError, type Reference } from '@drayage/core';
import { isSameRegistry, mirrorEndpoint, registryEndpoint, type Endpoint } from './endpoints.ts';
import { parseMirrorUrl, type MirrorSettings } from './mirrors.ts';

/** A failed mirror, after which the next endpoint is tried. */
export interface MirrorFailure {
  /** `host[:port]` of the mirror. */
  readonly mirror: string;
  /** The registry that it mirrors. */
  readonly registry: string;
  /** The repository's name in the registry. */
  readonly repository: string;
  readonly error: DrayError;
}

export interface MirrorChainOptions {
  readonly mirrors: MirrorSettings;
  readonly insecureRegistries: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called once per mirror, repository and kind of failure. */
  readonly onMirrorFailure: (failure: MirrorFailure) => void;
}

type Named = Pick<Reference, 'registry' | 'repository'>;

/** The endpoints of a registry: its mirrors in order, then the registry itself. */
export interface MirrorChain {
  /**
   * The result of `run` at the first endpoint where it succeeds; skips mirrors with a key in `except`. After
   * any failure of a mirror, tries the next endpoint, unless the caller aborted. Throws what the registry
   * itself throws.
   */
  first<T>(
    reference: Named,
    run: (endpoint: Endpoint) => Promise<T>,
    except?: ReadonlySet<string>,
  ): Promise<T>;
  /** Reports a mirror that failed outside of `first`. */
  report(reference: Named, endpoint: Endpoint, error: DrayError): void;
}

// An unreachable mirror costs its time limit once per pull, not once per layer.
const leftAloneMs = 60_000;

/** @throws UsageError `CONFIG_INVALID` for a mirror that is not a URL */
export function createMirrorChain(options: MirrorChainOptions): MirrorChain {
  const { insecureRegistries, now } = options;
  const mirrors = Object.entries(options.mirrors).map(([registry, urls]) => ({
    registry,
    mirrors: urls.map(parseMirrorUrl),
  }));
  const mirrorsOf = ({ registry, repository }: Named): readonly Endpoint[] =>
    mirrors
      .filter((entry) => isSameRegistry(entry.registry, registry))
      .flatMap((entry) => entry.mirrors)
      .map((mirror) => mirrorEndpoint(mirror, repository, insecureRegistries));
  const leftAloneUntil = new Map<string, number>();
  const report = createReport(options.onMirrorFailure);
  return {
    report,
    async first(reference, run, except) {
      for (const endpoint of mirrorsOf(reference)) {
        if (except?.has(endpoint.key) === true || now() < (leftAloneUntil.get(endpoint.key) ?? 0)) continue;
        try {
          return await run(endpoint);
        } catch (error) {
          if (!isDrayError(error) || error.code === 'ABORTED') throw error;
          if (error.code === 'REGISTRY_UNREACHABLE') leftAloneUntil.set(endpoint.key, now() + leftAloneMs);
          report(reference, endpoint, error);
        }
      }
      return run(registryEndpoint(reference, insecureRegistries));
    },
  };
}

function createReport(tell: (failure: MirrorFailure) => void): MirrorChain['report'] {
  const reported = new Set<string>();
  return ({ registry, repository }, endpoint, error) => {
    const key = `${endpoint.key} ${registry} ${repository} ${error.code}`;
    if (reported.has(key)) return;
    reported.add(key);
    tell({ mirror: endpoint.registry, registry, repository, error });
  };
}
