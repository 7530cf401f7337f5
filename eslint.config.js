import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

import { importRules } from './scripts/lint/import-rules.mjs';

const namedExportsOnly = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportAllDeclaration', message: 'List what is exported.' },
];

const globalsOfScripts = {
  clearTimeout: 'readonly',
  console: 'readonly',
  performance: 'readonly',
  process: 'readonly',
  setTimeout: 'readonly',
};

const sizes = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
};

export default defineConfig(
  { ignores: ['**/dist/', '**/coverage/', '**/generated/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    ignores: ['**/*.d.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { requireDefaultForNonUnion: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A port's method may have nothing to wait for, yet must report its failures as rejections.
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': ['error', ...namedExportsOnly],
      eqeqeq: 'error',
      ...sizes,
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    // docker-modem always reads DOCKER_HOST; docker-client.ts works around that.
    ignores: ['packages/cli/**', 'packages/engine/src/docker-client.ts', '**/*.test.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        ...['env', 'argv', 'exit', 'exitCode', 'stdout', 'stderr'].map((property) => ({
          object: 'process',
          property,
          message: 'Only the command reads its surroundings and prints; take it as a parameter.',
        })),
      ],
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/contracts/**'],
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.strict],
    languageOptions: { globals: globalsOfScripts },
    rules: { 'no-undef': 'error', eqeqeq: 'error', ...sizes },
  },
  ...importRules,
);
