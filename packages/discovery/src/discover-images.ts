import path from 'node:path';
import { formatPlatform, hostPlatform } from '@drayage/core';
import { readCircleci } from './circleci/read-circleci.ts';
import { readCompose } from './compose/read-compose.ts';
import type { DiscoveryContext, Reader } from './context.ts';
import type { DiscoverOptions, Discovery, DiscoveryKind } from './discovery.ts';
import { readDockerfile } from './dockerfile/read-dockerfile.ts';
import { createFindings, type Findings } from './findings.ts';
import { readGitlab } from './gitlab/read-gitlab.ts';
import { detectKind, type DiscoverySource } from './kind.ts';
import { readKubernetes } from './kubernetes/read-kubernetes.ts';
import { createSourceFiles } from './source-files.ts';
import { recordLookup } from './variables/record-lookup.ts';
import { createWorkMeter } from './work-meter.ts';

const readers: Readonly<Record<DiscoveryKind, Reader>> = {
  compose: readCompose,
  dockerfile: async (source, context) => {
    const { buildArgs = {}, target } = context.options;
    readDockerfile(
      {
        source: { text: source.text, file: source.path, firstLine: 1 },
        name: path.basename(source.path),
        prefix: '',
        args: recordLookup(buildArgs),
        target,
        platform: undefined,
        enginePlatform: context.enginePlatform,
        contexts: new Map(),
      },
      context,
    );
  },
  gitlab: readGitlab,
  circleci: readCircleci,
  kubernetes: readKubernetes,
};

/**
 * The images that a file and its includes name, and everything that was not understood. `file` is a path,
 * relative to the working directory or absolute. Only files are read.
 *
 * Mistakes inside a file that can be parsed are problems in the result.
 * @throws DrayError `DISCOVERY_FAILED` when the file cannot be read or parsed (naming the line), is of no
 *   known kind or expands to too much; `ABORTED`
 */
export async function discoverImages(file: string, options: DiscoverOptions): Promise<Discovery> {
  const { kind } = options;
  return await discoverProject([{ path: file, kind }], options);
}

/**
 * Like {@link discoverImages}, for all files of a project together: an image that a build of one of them
 * makes is left out, wherever it is named. The kind of each source wins over `options.kind`.
 */
export async function discoverProject(
  sources: readonly DiscoverySource[],
  options: DiscoverOptions,
): Promise<Discovery> {
  const found: Findings[] = [];
  for (const source of sources) found.push(await readSource(source, options));
  const built = new Set(found.flatMap((findings) => [...findings.built]));
  const results = found.map((findings) => findings.result(built));
  return {
    images: results.flatMap(({ images }) => images),
    problems: results.flatMap(({ problems }) => problems),
  };
}

async function readSource(
  { path: file, kind }: DiscoverySource,
  options: DiscoverOptions,
): Promise<Findings> {
  const files = createSourceFiles(file, options.signal);
  const meter = createWorkMeter((shown) => files.display(shown));
  const findings = createFindings((shown) => files.display(shown), meter);
  const enginePlatform = options.platform ?? formatPlatform(hostPlatform());
  const context: DiscoveryContext = { options, findings, files, meter, enginePlatform };
  const source = await files.read(path.resolve(file));
  await readers[kind ?? options.kind ?? detectKind(source)](source, context);
  return findings;
}
