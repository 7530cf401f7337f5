import { describe, expect, test } from '@jest/globals';
import { exportLine } from './export-docker-host.ts';

const surroundings = { env: { GITHUB_ACTIONS: 'true', GITHUB_ENV: '/runner/set_env_1' }, cwd: '/work' };
const shell = 'export DOCKER_HOST=unix:///run/a.sock\n';
const dotenv = 'DOCKER_HOST=unix:///run/a.sock\n';

describe('DOCKER_HOST is written', () => {
  test.each([
    ['/tmp/bash_env', shell],
    ['environment', shell],
    ['/runner/set_env_1', dotenv],
    ['../runner/set_env_1', dotenv],
    ['build.env', dotenv],
    ['.env', dotenv],
    ['.env.ci', dotenv],
    ['env', shell],
    ['.environment', shell],
  ])('to %s as %j', (file, line) => {
    expect(exportLine(file, 'unix:///run/a.sock', surroundings)).toBe(line);
  });
});
