import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { writeChecksums } from './packaging/checksums.mjs';
import { stageCommand } from './packaging/command.mjs';
import { stageStandalone } from './packaging/standalone.mjs';
import { packDirectory } from './packaging/tarball.mjs';
import { repository } from './setup/places.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(repository, 'dist/packages') },
    // Of gzip: 1 takes a third of the time of 6, and makes files a tenth larger.
    level: { type: 'string', default: '6' },
    node: { type: 'string', default: process.execPath },
  },
});
const out = resolve(values.out);
const level = Number(values.level);
const work = join(out, `.work-${process.pid}`);

try {
  await mkdir(work, { recursive: true });
  const command = await stageCommand(join(work, 'command'));
  await packDirectory(command.dir, join(out, `drayage-${command.version}.tgz`), level);
  const standalone = await stageStandalone(join(work, 'standalone'), command, values.node);
  await packDirectory(standalone.dir, join(out, `drayage-${standalone.name}-${command.version}.tgz`), level);
  process.stdout.write(await writeChecksums(out, command.version));
} catch (error) {
  console.error(`cannot make the packages: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
