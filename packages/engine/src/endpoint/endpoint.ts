/** What of TLS a connection needs; PEM texts as read from the client's files. */
export interface EndpointTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False: any certificate of the engine is accepted. */
  readonly verify: boolean;
}

/** How the engine's API is reached. */
export type EndpointAddress =
  | { readonly kind: 'unix'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: EndpointTls };

/** Where an engine is, and who said so. */
export interface EngineEndpoint {
  /** Fit for messages: `unix:///var/run/docker.sock`, `tcp://docker:2376`. */
  readonly location: string;
  /** What named it: `DOCKER_HOST`, `context "ci"`, `the default`. */
  readonly origin: string;
  readonly address: EndpointAddress;
}
