/** TLS settings of a connection; PEM texts from the client's files. */
export interface EndpointTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False: accept any certificate of the engine. */
  readonly verify: boolean;
}

/** How to reach the engine's API. */
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
      /** A host name for ssh, possibly defined only in its configuration. */
      readonly host: string;
      readonly user?: string | undefined;
      readonly port?: number | undefined;
      /** The engine's socket on the remote host; without it, the socket of the remote docker client. */
      readonly socketPath?: string | undefined;
    };

/** The address of an engine, and the setting that named it. */
export interface EngineEndpoint {
  /** For messages: `unix:///var/run/docker.sock`, `tcp://docker:2376`, `ssh://ci@builder`. */
  readonly location: string;
  /** The setting that named it: `DOCKER_HOST`, `context "ci"`, `the default`. */
  readonly origin: string;
  readonly address: EndpointAddress;
}
