import { enterTestEnvironment } from './scripts/test-environment.mjs';

// Before jest starts its workers, which inherit it.
enterTestEnvironment();

/** @type {import('jest').Config} */
const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['/dist/'],
};

/** @type {import('jest').Config} */
export default {
  // Most tests wait for engines: two at a time take little more than half as long, also on two cores.
  maxWorkers: 2,
  // For every test and hook, also on a machine that is busy with something else. Tests wait for events, never for a
  // time that a fast machine meets. (Jest does not read this in a project.)
  testTimeout: 300_000,
  reporters: ['default', './scripts/summary-reporter.mjs'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: ['<rootDir>/packages', '<rootDir>/scripts'],
      testMatch: ['**/packages/*/src/**/*.test.ts', '**/scripts/**/*.test.mjs'],
    },
    { ...shared, displayName: 'e2e', roots: ['<rootDir>/test'], testMatch: ['**/*.test.ts'] },
  ],
};
