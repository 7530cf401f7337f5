import type { OrbExecutor } from './model.ts';
import { parameter } from './steps.ts';

/** What jobs of the orb can run on, by name. */
export const executors: Readonly<Record<string, OrbExecutor>> = {
  docker: {
    description: 'A container. Enough to pre-pull: no engine is needed for it.',
    parameters: {
      image: {
        type: 'string',
        description:
          'Image of the container. One with Node.js needs least; any other with tar, and curl or wget, gets a self-contained build.',
        default: 'cimg/node:22.14',
      },
    },
    settings: { docker: [{ image: parameter('image') }] },
  },
  machine: {
    description: 'A virtual machine with an engine and root, as mounting needs it.',
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
