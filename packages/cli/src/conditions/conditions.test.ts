import { describe, expect, test } from '@jest/globals';
import { whyNotNow, type Conditions, type RunContext } from './conditions.ts';

const deploys: Conditions = { only: { branches: ['main', 'release/*'], tags: ['v*'] } };

describe('conditions', () => {
  test.each<[string, Conditions, RunContext]>([
    ['without any', {}, { branch: 'topic' }],
    ['on a branch that is named', deploys, { branch: 'main' }],
    ['on a branch that a glob matches', deploys, { branch: 'release/1.2' }],
    ['on a tag that a glob matches', deploys, { tag: 'v1.2.3' }],
    ['on an event that is named', { only: { events: ['schedule'] } }, { branch: 'topic', event: 'schedule' }],
    ['on a branch that is not excepted', { except: { branches: ['dependabot/**'] } }, { branch: 'topic' }],
    ['where the CI system says nothing, if nothing is required', { except: { branches: ['main'] } }, {}],
  ])('hold %s', (_, conditions, context) => {
    expect(whyNotNow(conditions, context)).toBeUndefined();
  });

  test.each<[string, Conditions, RunContext, string]>([
    ['on another branch', deploys, { branch: 'topic' }, 'branch topic'],
    ['on a branch below one that matches', deploys, { branch: 'release/1/fix' }, 'branch release/1/fix'],
    ['on another tag', deploys, { tag: 'nightly' }, 'tag nightly'],
    [
      'on an excepted branch',
      { except: { branches: ['dependabot/**'] } },
      { branch: 'dependabot/npm/a' },
      'dependabot/npm/a',
    ],
    [
      'when only and except both match',
      { ...deploys, except: { branches: ['main'] } },
      { branch: 'main' },
      'branch main',
    ],
    ['where the CI system says nothing', deploys, {}, 'without a branch'],
  ])('do not hold %s, and say why', (_, conditions, context, reason) => {
    expect(whyNotNow(conditions, context)).toContain(reason);
  });
});
