import { parseArgs } from 'node:util';

import { setUp } from './setup/set-up.mjs';

const { values } = parseArgs({
  options: { 'no-build': { type: 'boolean' }, engine: { type: 'string', multiple: true } },
});

try {
  await setUp({ build: values['no-build'] !== true, extraEngines: values.engine ?? [] });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
