import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { startDray } from '../support/dray.ts';
import { anyEngine, enginePath } from '../support/engine-programs.ts';
import { startEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { busyboxLayer, pushImage } from '../support/images.ts';
import { startRegistry } from '../support/registry.ts';
import { expectClean } from './clean.ts';
import { pushImages, references } from './images.ts';
import { killEverywhere } from './kill.ts';
import { drayDone } from './run.ts';
import type { Campaign, Scenario } from './scenario.ts';

export const killBake: Scenario = {
  name: 'kill-bake',
  needs: { engine: anyEngine, registry: true, programs: ['mksquashfs', 'unsquashfs'] },
  rounds: 10,
  success: 'recovered',
  run,
};

async function run(campaign: Campaign): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  const engine = await startEngine(anyEngine);
  try {
    const [bundle, output] = [join(folder, 'bundle'), join(folder, 'context')];
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const images = references(await pushImages(registry));
    const base = await pushImage(registry, 'dind:1', {
      layers: [busyboxLayer()],
      config: { Entrypoint: ['dockerd-entrypoint.sh'], Cmd: [] },
    });
    await drayDone(['prepull', ...images, '--bundle', bundle, '--form', 'packs']);
    await engine.docker(['pull', base.reference]);
    const builder = anyEngine.name === '20.10' ? '1' : '0';
    const env = { ...engine.env, PATH: enginePath(anyEngine.name), DOCKER_BUILDKIT: builder };
    const options = { host: engine.host, env: { ...env, TMPDIR: temporary }, cwd: folder };
    const places = [bundle, '--base', base.reference, '--output', output, '--tag', 'baked:1'];
    const args = ['bake', ...places];
    let undisturbed = '';
    await killEverywhere(campaign, {
      what: 'bake --tag',
      prepare: async () => {
        await engine.tryDocker(['image', 'rm', '--force', 'baked:1']);
        rmSync(output, { recursive: true, force: true });
      },
      start: () => startDray(args, options),
      recover: async () => {
        await drayDone(args, options);
        const { stdout } = await engine.docker([
          'image',
          'inspect',
          '--format',
          '{{.RootFS.Layers}}',
          'baked:1',
        ]);
        const built = `${stdout}${readFileSync(join(output, 'Dockerfile'), 'utf8')}`;
        undisturbed ||= built;
        if (built !== undisturbed) throw new Error(`built\n${built}\ninstead of\n${undisturbed}`);
        await drayDone(['bundle', 'verify', bundle]);
        await expectClean(folder, { bundles: [bundle], empty: [temporary] });
      },
    });
  } finally {
    await engine.stop();
    await registry.stop();
    await removeFolder(folder);
  }
}
