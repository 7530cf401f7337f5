import { basename } from 'node:path';

import { dray } from '../support/dray.ts';
import { removeFolder } from '../support/folders.ts';
import { chooseFlip, flippedCopy, flipText, withSubjects, type Flip, type Subject } from './flips.ts';
import { drayDone, endOf } from './run.ts';
import type { Campaign, Scenario } from './scenario.ts';

/** `dray bundle verify` finds each changed byte, also without the key of a signature. A round is one flip. */
export const flipVerify: Scenario = {
  name: 'flip-verify',
  needs: { registry: true, programs: ['mksquashfs', 'unsquashfs'] },
  rounds: 200,
  success: 'found',
  run,
};

async function run({ rounds, random, attempt }: Campaign): Promise<void> {
  await withSubjects(async (subjects) => {
    for (const { dir } of subjects) {
      await attempt(`${basename(dir)}, undamaged`, async () => {
        await drayDone(['bundle', 'verify', dir]);
      });
    }
    for (let round = 0; round < rounds; round += 1) {
      const subject = random.pick(subjects);
      const flip = chooseFlip(subject, random);
      await attempt(flipText(subject, flip), () => expectFound(subject, flip));
    }
  });
}

async function expectFound(subject: Subject, flip: Flip): Promise<void> {
  const dir = await flippedCopy(subject, flip);
  try {
    const finished = await dray(['bundle', 'verify', dir]);
    if (finished.exitCode !== 3) throw new Error(`not found: exit ${endOf(finished)}`);
  } finally {
    await removeFolder(dir);
  }
}
