import path from 'node:path';
import { readCircleci } from './circleci/read-circleci.ts';
import { readCompose } from './compose/read-compose.ts';
import type { DiscoveryContext, Reader } from './context.ts';
import type { DiscoverOptions, Discovery, DiscoveryKind } from './discovery.ts';
import { readDockerfile } from './dockerfile/read-dockerfile.ts';
import { createFindings } from './findings.ts';
import { readGitlab } from './gitlab/read-gitlab.ts';
import { detectKind } from './kind.ts';
import { readKubernetes } from './kubernetes/read-kubernetes.ts';
import { createSourceFiles } from './source-files.ts';
import { recordLookup } from './variables/record-lookup.ts';

const readers: Readonly<Record<DiscoveryKind, Reader>> = {
  compose: readCompose,
  dockerfile: async (source, { options, findings }) => {
    const { buildArgs = {}, target } = options;
    readDockerfile(
      {
        source: { text: source.text, file: source.path, firstLine: 1 },
        name: path.basename(source.path),
        prefix: '',
        args: recordLookup(buildArgs),
        target,
        platform: undefined,
        contexts: new Map(),
      },
      findings,
    );
  },
  gitlab: readGitlab,
  circleci: readCircleci,
  kubernetes: readKubernetes,
};

/**
 * The images that a file names, with those of the files that it includes, and everything about it that could not be understood. `file` is
 * a path, relative to the working directory or absolute; nothing but files is read.
 *
 * What is wrong inside a file that can be parsed is a problem in the result and never thrown.
 * @throws DrayError `DISCOVERY_FAILED` when the file itself cannot be read or parsed (naming the line), or is of no known kind; `ABORTED`
 */
export async function discoverImages(file: string, options: DiscoverOptions): Promise<Discovery> {
  const files = createSourceFiles(file, options.signal);
  const findings = createFindings((shown) => files.display(shown));
  const context: DiscoveryContext = { options, findings, files };
  const source = await files.read(path.resolve(file));
  await readers[options.kind ?? detectKind(source)](source, context);
  return findings.result();
}
