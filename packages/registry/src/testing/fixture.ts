import { parseReference, type Descriptor, type Reference, type Source, type TagSource } from '@drayage/core';
import type { Credential, CredentialSecret } from '../credentials/credential-store.ts';
import type { RegistryOptions } from '../registry-access.ts';
import { createRegistrySource } from '../registry-source.ts';
import { testClock, type TestClock } from '@drayage/http/testing';
import { generatedContent } from './content.ts';
import { startFaultyRegistry, type FaultyRegistry, type FaultyRegistryOptions } from './faulty-registry.ts';

/** A registry with one image, `app:1`, and a source that pulls from it without real pauses. */
export interface Fixture {
  readonly registry: FaultyRegistry;
  readonly source: Source & TagSource;
  readonly clock: TestClock;
  readonly reference: Reference;
  readonly manifest: Descriptor;
  /** 3 MiB. */
  readonly layer: Descriptor;
  readonly close: () => Promise<void>;
}

/** Of the registry and of the source. */
export interface FixtureOptions extends FaultyRegistryOptions {
  readonly credential?: CredentialSecret;
  readonly source?: Partial<RegistryOptions>;
}

const layerContent = generatedContent(1, 3 * 1024 * 1024);

/** Starts the fixture on a free port. The caller closes it. */
export async function startFixture({
  credential,
  source: sourceOptions,
  ...options
}: FixtureOptions = {}): Promise<Fixture> {
  const registry = await startFaultyRegistry(options);
  const layer = registry.addBlob(layerContent);
  const config = registry.addBlob(Buffer.from('{}'));
  const manifest = registry.addManifest('app', ['1'], { schemaVersion: 2, config, layers: [layer] });
  const clock = testClock();
  const found: Credential | undefined =
    credential === undefined ? undefined : { ...credential, source: 'auths["test"] in config.json' };
  const source = createRegistrySource({
    credentials: { find: () => Promise.resolve(found) },
    clock,
    ...sourceOptions,
  });
  return {
    registry,
    source,
    clock,
    reference: parseReference(`${registry.host}/app:1`),
    manifest,
    layer,
    close: async () => {
      await source.close();
      await registry.close();
    },
  };
}

/** All bytes of a stream. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
