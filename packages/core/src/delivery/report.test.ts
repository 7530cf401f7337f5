import { describe, expect, test } from '@jest/globals';
import { deliveryOutcome, undelivered, type DeliveryKind, type DeliveryImageReport } from './report.ts';

function delivered(delivery: DeliveryKind): DeliveryImageReport {
  return { ...undelivered('redis:7'), delivery };
}

const failed: DeliveryImageReport = {
  ...delivered('load'),
  error: { code: 'ENGINE_PULL_FAILED', message: 'no digest name' },
};

describe('the outcome of a delivery', () => {
  test.each([
    ['hit', [delivered('load'), delivered('present')], false],
    ['partial', [delivered('load'), delivered('none')], false],
    ['partial', [delivered('present'), failed], false],
    ['partial', [delivered('present'), delivered('pull')], false],
    ['miss', [delivered('pull')], false],
    ['hit', [delivered('pull')], true],
    ['miss', [], false],
  ] as const)('is a %s', (outcome, images, isPullAsked) => {
    expect(deliveryOutcome(images, isPullAsked)).toBe(outcome);
  });
});
