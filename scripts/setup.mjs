import { parseArgs } from 'node:util';

import { setUp } from './setup/set-up.mjs';

const { values } = parseArgs({ options: { 'no-build': { type: 'boolean' } } });

try {
  await setUp({ build: values['no-build'] !== true });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
