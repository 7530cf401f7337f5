import { familiarReference, type Reference } from '@drayage/core';
import { bakedHome } from './baked-paths.ts';

/** The first line of every Dockerfile made here. It marks a directory as one that a later run may replace. */
export const dockerfileMark = '# Made by dray bake';

// An image can have 127 layers, and the base image has some.
const maxPackLayers = 60;

export interface DockerfileRequest {
  readonly base: Reference;
  /** Names of the files in `packs/`, oldest first. */
  readonly packFiles: readonly string[];
  /** References of the images in the packs. */
  readonly references: readonly Reference[];
}

/**
 * The Dockerfile of a baked image. Each pack is its own layer, so that images of later bundles share the
 * layers of earlier packs. All inserted text is a parsed reference or a name made of digests, so it contains
 * no blank or quote. Pure.
 */
export function dockerfile({ base, packFiles, references }: DockerfileRequest): string {
  const single = packFiles.slice(0, maxPackLayers);
  const rest = packFiles.slice(maxPackLayers);
  const copies = [...single.map((file) => [file]), ...(rest.length === 0 ? [] : [rest])];
  const lines = [
    `${dockerfileMark}: a docker-in-docker that has its images when it starts.`,
    `FROM ${familiarReference(base)}`,
    ...copies.map((files) => `COPY ${files.map((file) => `packs/${file}`).join(' ')} ${bakedHome}/packs/`),
    `COPY drayage/ ${bakedHome}/`,
    // Through the shell, because some ways of copying a build context lose the mode of files.
    `ENTRYPOINT ["/bin/sh", "${bakedHome}/entrypoint.sh"]`,
    `LABEL dev.drayage.images="${references.map(familiarReference).join(' ')}"`,
  ];
  return `${lines.join('\n')}\n`;
}
