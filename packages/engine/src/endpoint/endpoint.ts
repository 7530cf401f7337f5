/** What of TLS a connection needs; PEM texts as read from the client's files. */
export interface EndpointTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False: any certificate of the engine is accepted. */
  readonly verify: boolean;
}

/** How the engine's API is reached. */
export type EndpointAddress =
  | { readonly kind: 'unix'; readonly socketPath: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly tls?: EndpointTls | undefined;
    }
  | {
      readonly kind: 'ssh';
      /** A name that ssh knows, perhaps by its own configuration only. */
      readonly host: string;
      readonly user?: string | undefined;
      readonly port?: number | undefined;
      /** Of the engine, on the far side; without it that of its docker client. */
      readonly socketPath?: string | undefined;
    };

/** Where an engine is, and who said so. */
export interface EngineEndpoint {
  /** Fit for messages: `unix:///var/run/docker.sock`, `tcp://docker:2376`, `ssh://ci@builder`. */
  readonly location: string;
  /** What named it: `DOCKER_HOST`, `context "ci"`, `the default`. */
  readonly origin: string;
  readonly address: EndpointAddress;
}
