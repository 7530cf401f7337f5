export type { EndpointAddress, EndpointTls, EngineEndpoint } from './endpoint/endpoint.ts';
export { resolveEngineEndpoint, type EndpointOptions } from './endpoint/resolve-endpoint.ts';
export { createDockerEngine, type DockerEngineOptions } from './docker-engine.ts';
export type { RegistryAuth } from './pull-image.ts';
export { fromEngine, type SavingEngine } from './save/from-engine.ts';
export { saveImages, saveIntoBundle, type SaveRequest } from './save/save-into-bundle.ts';
export type { ImageInBundle, ImageNotSaved, SavedImage } from './save/saved-image.ts';
export { readEngineSetup, type EngineSetupOptions } from './engine-setup.ts';
