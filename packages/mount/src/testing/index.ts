export { repairLiveMounts, sweepLiveMounts } from './live-upkeep.ts';
