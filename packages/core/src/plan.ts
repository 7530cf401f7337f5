// Dry runs of a pre-pull and a delivery.
export { planPrepull, type ImagePlan, type PrepullPlan } from './prepull/plan.ts';
export { readFromSource } from './prepull/read-from-source.ts';
export { planDelivery, type DeliveryPlan, type EngineView } from './delivery/plan-delivery.ts';
export { decideWay, isMountWay, wayNames } from './delivery/decide-way.ts';
export type { Way, WayChoice, WayDecision, WayName } from './delivery/decide-way.ts';
export { engineObstacle, rightsObstacle, shortReason } from './delivery/way-obstacles.ts';
export { asksForMounts, type Obstacle, type WayFacts } from './delivery/way-facts.ts';
