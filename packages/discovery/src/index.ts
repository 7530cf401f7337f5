export type {
  DiscoverOptions,
  DiscoveredImage,
  Discovery,
  DiscoveryKind,
  DiscoveryProblem,
} from './discovery.ts';
export { discoveryKinds } from './discovery.ts';
export { discoverImages } from './discover-images.ts';
export type { DiscoverySource } from './kind.ts';
export { parseDiscoverySource } from './kind.ts';
