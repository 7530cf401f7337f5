import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { drayProgram } from './dray.ts';
import { run, type Finished } from './processes.ts';

/** The number of a user, and of its group, that owns nothing on this machine. */
export const nobodyId = 14_242;

/** The command under test for a user who may look into the folder but perhaps not into this checkout. */
export interface UnprivilegedDray {
  /** Runs it to its end as {@link nobodyId}, whatever its exit code. */
  run(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<Finished>;
}

/** Copies the built command below a folder that everybody may enter. */
export function unprivilegedDray(folder: string): UnprivilegedDray {
  const dist = dirname(drayProgram);
  const copy = join(folder, 'dray');
  cpSync(dist, join(copy, 'dist'), {
    recursive: true,
    filter: (source) => !source.startsWith(join(dist, 'types')) && !source.includes('/.build-'),
  });
  cpSync(join(dist, '../package.json'), join(copy, 'package.json'));
  const user = String(nobodyId);
  return {
    run: (args, env) =>
      run(
        'setpriv',
        [
          ...['--reuid', user, '--regid', user, '--clear-groups', '--inh-caps=-all'],
          ...[process.execPath, join(copy, 'dist/dray.js'), ...args],
        ],
        { env: { CI: 'true', DOCKER_CONFIG: '/nonexistent', NODE_OPTIONS: undefined, ...env }, cwd: copy },
      ),
  };
}
