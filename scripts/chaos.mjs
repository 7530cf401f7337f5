import { setUp } from './setup/set-up.mjs';
import { enterTestEnvironment } from './test-environment.mjs';

try {
  await setUp();
  enterTestEnvironment();
  await import('../dist/chaos/main.js');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
