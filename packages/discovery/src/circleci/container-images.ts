import type { DiscoveryContext } from '../context.ts';
import { expand, type Dialect } from '../variables/expand.ts';
import { recordLookup } from '../variables/record-lookup.ts';
import { listOf, scalarIn, type YamlNode } from '../yaml/tree.ts';

/** Variables of the environment, which CircleCI replaces in image names when it starts the job. */
const dialect: Dialect = {
  dollarEscapes: false,
  unquotes: false,
  operators: [],
  isStrict: false,
  hint: (name) => `Set ${name} in the environment, as the project settings or a context do for jobs.`,
};

/** Adds the images of a `docker` list, whose parameters are replaced. */
export function reportContainers(
  docker: YamlNode,
  what: string,
  { findings, options, meter }: DiscoveryContext,
): void {
  for (const container of listOf(docker)) {
    const image = scalarIn(container, 'image');
    if (image === undefined) {
      findings.addProblem({ place: container.place, what, reason: 'the container names no image' });
      continue;
    }
    const { place } = image;
    const { text, issues } = expand(image.text, dialect, recordLookup(options.env), { meter, place });
    findings.addImage({ text, place, what, issues: [...(image.issues ?? []), ...issues] });
  }
}
