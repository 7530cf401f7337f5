export { renderOrb } from './render/render-orb.ts';
