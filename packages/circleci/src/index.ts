export { renderOrb } from './render/render-orb.ts';
export type { Finding, ReviewCode, ReviewOptions } from './review/finding.ts';
export { reviewOrb } from './review/review-orb.ts';
