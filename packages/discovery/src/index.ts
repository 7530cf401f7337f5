export type {
  DiscoverOptions,
  DiscoveredImage,
  Discovery,
  DiscoveryKind,
  DiscoveryProblem,
} from './discovery.ts';
export { discoveryKinds } from './discovery.ts';
export { discoverImages, discoverProject } from './discover-images.ts';
export { parseDiscoverySource, type DiscoverySource } from './kind.ts';
