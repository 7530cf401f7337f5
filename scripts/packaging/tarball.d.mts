/** Packs a directory as npm does, so that registries accept it. The same files give the same bytes. */
export function packDirectory(dir: string, file: string, level: number): Promise<void>;
