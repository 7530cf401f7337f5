/** Packs a directory as npm does, so that registries take it. Same files, same bytes. */
export function packDirectory(dir: string, file: string, level: number): Promise<void>;
