import { familiarReference, type Reference } from '@drayage/core';
import { bakedHome } from './baked-paths.ts';

/** The first line of every Dockerfile made here: by it a directory is known as one that may be replaced. */
export const dockerfileMark = '# Made by dray bake';

// An image may have 127 layers, and the base image has some.
const maxPackLayers = 60;

export interface DockerfileRequest {
  readonly base: Reference;
  /** Names of the files in `packs/`, oldest first. */
  readonly packFiles: readonly string[];
  /** Of the images in them. */
  readonly references: readonly Reference[];
}

/**
 * The Dockerfile of a baked image. Each pack is a layer of its own, so that an image of a later bundle shares those of the earlier ones. What is
 * put into it are parsed references and names made of digests, neither of which can hold a blank or a quote. Pure.
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
    // By the shell's name, as some ways of moving a build context lose the mode of files.
    `ENTRYPOINT ["/bin/sh", "${bakedHome}/entrypoint.sh"]`,
    `LABEL dev.drayage.images="${references.map(familiarReference).join(' ')}"`,
  ];
  return `${lines.join('\n')}\n`;
}
