import { dray, reportOf } from '../support/dray.ts';
import { startEngine, type TestEngine } from '../support/engines.ts';
import { removeFolder } from '../support/folders.ts';
import {
  chooseFlip,
  flippedCopy,
  flipText,
  withSubjects,
  type Flip,
  type Role,
  type Subject,
} from './flips.ts';
import type { Finished } from '../support/processes.ts';
import type { CheckedImage } from './images.ts';
import { emptyEngine, endOf, expectRunning } from './run.ts';
import type { Campaign, Scenario } from './scenario.ts';

const mounting = { name: '28.5', imageStore: 'containerd' } as const;
const loading = { name: '28.5', imageStore: 'classic' } as const;

/** A load or mount finds each changed byte in what it uses, before it uses it. A round is one flip. */
export const flipLoad: Scenario = {
  name: 'flip-load',
  needs: { engine: mounting, registry: true, programs: ['mksquashfs', 'unsquashfs'] },
  rounds: 200,
  success: 'found',
  run,
};

async function run({ rounds, random, attempt }: Campaign): Promise<void> {
  const mounter = await startEngine(mounting);
  const loader = await startEngine(loading);
  try {
    await withSubjects(async (subjects, images) => {
      for (let round = 0; round < rounds; round += 1) {
        const subject = random.pick(subjects);
        const flip = chooseFlip(subject, random);
        const engine = random.pick([mounter, loader]);
        const what = `${flipText(subject, flip)}, ${engine.imageStore} engine`;
        await attempt(what, () => loadFlipped(engine, subject, flip, images));
      }
    });
  } finally {
    await loader.stop();
    await mounter.stop();
  }
}

async function loadFlipped(
  engine: TestEngine,
  subject: Subject,
  flip: Flip,
  images: readonly CheckedImage[],
): Promise<void> {
  const dir = await flippedCopy(subject, flip);
  try {
    const signed = subject.isSigned ? ['--require-signature'] : [];
    const options = { host: engine.host, env: subject.env };
    const finished = await dray(['load', '--bundle', dir, '--strict', '--json', ...signed], options);
    const { images: delivered, error } = reportOf('load', finished);
    const used = isUsed(subject, engine, flip.role);
    if (used === 'needed' && finished.exitCode !== 3) throw new Error(`not found: exit ${endOf(finished)}`);
    if (used !== 'needed' && finished.exitCode !== 0) throw new Error(`exit ${endOf(finished)}`);
    if (used !== 'unused' && delivered.some(({ delivery }) => delivery === 'mount' && flip.role === 'pack'))
      throw new Error('a damaged pack is mounted');
    if (finished.exitCode === 3 && error === undefined && delivered.every((each) => each.error === undefined))
      throw new Error(`no reason: ${endOf(finished)}`);
    for (const image of images) {
      const report = delivered.find(({ reference }) => reference === image.reference);
      if (report === undefined || report.delivery === 'none') await expectAbsent(engine, image, finished);
      else await expectRunning(engine, [image]);
    }
  } finally {
    await emptyEngine(engine, subject.dir);
    await removeFolder(dir);
  }
}

/**
 * Whether a load uses the files of a role. `replaceable`: it goes on with layers where a pack is damaged.
 */
function isUsed(
  { form, isSigned }: Subject,
  { imageStore }: TestEngine,
  role: Role,
): 'needed' | 'replaceable' | 'unused' {
  const mounts = form !== 'layers' && imageStore === 'containerd';
  switch (role) {
    case 'index':
    case 'layout':
      // The index is read from the signature.
      return isSigned ? 'unused' : 'needed';
    case 'signature':
    case 'status':
    case 'image document':
      return 'needed';
    case 'layer':
      return mounts ? 'unused' : 'needed';
    case 'pack document':
    case 'pack':
      return form === 'both' ? 'replaceable' : 'needed';
    case 'tar-split':
      return mounts || form === 'both' ? 'unused' : 'needed';
  }
}

async function expectAbsent(
  engine: TestEngine,
  { reference }: CheckedImage,
  finished: Finished,
): Promise<void> {
  const { exitCode } = await engine.tryDocker(['image', 'inspect', reference]);
  if (exitCode === 0)
    throw new Error(`the engine has ${reference}, but the load ended with ${endOf(finished)}`);
}
