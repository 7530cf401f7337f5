import { setUp } from './setup/set-up.mjs';

try {
  await setUp();
  await import('../dist/demo/main.js');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
