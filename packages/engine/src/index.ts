export type { EndpointAddress, EndpointTls, EngineEndpoint } from './endpoint/endpoint.ts';
export type { EndpointOptions } from './endpoint/resolve-endpoint.ts';
export { resolveEngineEndpoint } from './endpoint/resolve-endpoint.ts';
export type { DockerEngineOptions } from './docker-engine.ts';
export { createDockerEngine } from './docker-engine.ts';
export type { RegistryAuth } from './pull-image.ts';
