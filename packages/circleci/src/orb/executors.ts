import type { OrbExecutor } from './model.ts';
import { parameter } from './steps.ts';

/** The executors of the orb, by name. */
export const executors: Readonly<Record<string, OrbExecutor>> = {
  docker: {
    description: 'A container. Pre-pulling needs no engine.',
    parameters: {
      image: {
        type: 'string',
        description:
          'Image of the container. With Node.js the download is smallest; an image with tar, and curl or wget, gets a self-contained build.',
        default: 'cimg/node:22.14',
      },
    },
    settings: { docker: [{ image: parameter('image') }] },
  },
  machine: {
    description: 'A virtual machine with an engine and root, which mounting needs.',
    parameters: {
      image: {
        type: 'string',
        description: 'Image of the machine.',
        default: 'ubuntu-2404:current',
      },
    },
    settings: { machine: { image: parameter('image') } },
  },
};
