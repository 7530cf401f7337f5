// Dry runs of a pre-pull and a delivery.
export { planPrepull, type ImagePlan, type PrepullPlan } from './prepull/plan.ts';
export { readFromSource } from './prepull/read-from-source.ts';
export { planDelivery, type DeliveryPlan, type EngineView } from './delivery/plan-delivery.ts';
