import { noExtras } from '../ci-system.ts';
import type { CiSystem } from '../ci-system.ts';

/** An unknown CI system, or no CI system. */
export const plain: CiSystem = {
  id: 'plain',
  name: 'an unknown CI system',
  pipelineVariable: undefined,
  isHere: () => true,
  readRun: () => undefined,
  readJob: () => ({ id: '0', node: '0' }),
  ...noExtras,
};
