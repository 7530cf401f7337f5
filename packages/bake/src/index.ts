export { runDockerClient, type DockerClientRequest } from './docker-client.ts';
export { writeBakeContext, type BakeRequest, type BakedContext, type BakedPack } from './write-context.ts';
