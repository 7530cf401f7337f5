import { ownerLife, readOwner, type Owner } from '../lock/owner.ts';
import { currentPidSpace } from '@drayage/host';
import { engineVersion } from './await-engine.ts';
import { findDataRoot } from './data-root.ts';
import type { PrivateEngineStatus, StatusOptions } from './options.ts';
import { readState, type DataRootState } from './state.ts';

/**
 * Describes a data-root and its engine, if it runs. Changes nothing.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE` if the data-root has an unknown format
 */
export async function privateEngineStatus({ dataRoot }: StatusOptions): Promise<PrivateEngineStatus> {
  const places = await findDataRoot(dataRoot);
  if (places === undefined) return { dataRoot, state: 'stopped' };
  const owner = await readOwner(places.owner);
  const storage = storageOf(await readState(places.state));
  const base = { dataRoot: places.dataRoot, storage };
  if (owner === undefined) return { ...base, state: 'stopped' };
  const known = { ...base, owner: whoOf(owner) };
  switch (await ownerLife(owner, await currentPidSpace())) {
    case 'elsewhere':
      return { ...known, state: 'elsewhere' };
    case 'dead':
      return { ...known, state: 'left-over' };
    case 'running': {
      const version = await engineVersion(owner.socket);
      return version === undefined
        ? { ...known, state: 'starting' }
        : { ...known, state: 'running', version };
    }
  }
}

function whoOf({ pid, hostname, since, socket }: Owner): PrivateEngineStatus['owner'] & object {
  return { pid, hostname, since, dockerHost: `unix://${socket}` };
}

function storageOf(state: DataRootState | undefined): PrivateEngineStatus['storage'] {
  if (state?.phase !== 'used') return undefined;
  const { imageStore, driver, backend, reason, packs } = state;
  return {
    imageStore,
    driver,
    backend,
    reason,
    packs: packs.map(({ digest, file }) => ({ digest, file })),
  };
}
