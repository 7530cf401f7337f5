import type { TarEntry, TarTime } from '../tar/tar-entry.ts';
import { baseOf, entryPath, parentOf } from './entry-path.ts';
import { RefusedEntry } from './refused.ts';
import { formatHeader, type PackEntry } from './write-header.ts';
import { opaqueXattr, settableXattrs, type Abilities } from './xattrs.ts';

type Attributes = Pick<PackEntry, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'>;

/** Anything but a directory; only the attributes that later entries need. */
interface Leaf extends Attributes {
  readonly type: 'file' | 'symlink' | 'character' | 'block' | 'fifo';
}

const epoch: TarTime = { seconds: 0, nanoseconds: 0 };
const noXattrs: ReadonlyMap<string, Buffer> = new Map();
/** The attributes that engines give to a directory without a tar entry, and to the top of a layer. */
const implied: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: epoch, xattrs: noXattrs };
const maxSeconds = 0xffff_ffff;
const maxId = 0xffff_fffe;
/** `chown` takes it for −1, which changes nothing: what an engine makes belongs to root. */
const keepsId = 0xffff_ffff;

/**
 * The tree that an engine would extract a layer to, built entry by entry. Follows the common behaviour of
 * overlay2 and containerd's overlayfs snapshotter; layers that they extract differently are rejected.
 */
export class LayerTree {
  readonly #top: string;
  readonly #abilities: Abilities;
  readonly #leaves = new Map<string, Leaf>();
  #lastLeaf: Leaf | undefined;
  readonly #directories = new Map<string, Attributes>();
  readonly #whiteouts = new Map<string, Attributes>();
  readonly #opaque = new Set<string>();
  #size = 0;

  /** `top` is the layer's directory in the pack. */
  constructor(top: string, abilities: Abilities) {
    this.#top = top;
    this.#abilities = abilities;
    this.#directories.set('', implied);
  }

  /** Bytes of files and of symlink targets, each once: the layer size that dockerd reports. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an entry. Returns the header that starts it in the pack, or undefined if nothing is written now:
   * directories and whiteouts are written at the end, and entries that engines skip are left out.
   * @throws RefusedEntry
   */
  add(entry: TarEntry): Buffer | undefined {
    if (entry.type === 'global') return undefined;
    const path = entryPath(entry.name);
    if (path === '' && entry.type !== 'directory') throw new RefusedEntry('it has no name');
    if (/(^|\/)\.wh\./.test(path)) {
      this.#addMark(path, entry);
      return undefined;
    }
    this.#addParents(path);
    if (entry.type === 'directory') {
      this.#addDirectory(path, entry);
      return undefined;
    }
    if (this.#leaves.has(path) || this.#directories.has(path)) throw new RefusedEntry('it appears twice');
    this.#whiteouts.delete(path);
    return entry.type === 'hardlink' ? this.#addLink(path, entry) : this.#addLeaf(path, entry.type, entry);
  }

  /** The headers of the rest: whiteouts and directories. */
  *finish(): Generator<Buffer> {
    for (const [path, attributes] of this.#whiteouts) {
      yield this.#header(path, { ...attributes, type: 'character' });
    }
    for (const [path, attributes] of this.#directories) {
      const mark = this.#opaque.has(path) ? [[opaqueXattr, Buffer.from('y')] as const] : [];
      const xattrs = new Map([...attributes.xattrs, ...mark]);
      yield this.#header(path, { ...attributes, type: 'directory', xattrs });
    }
  }

  /**
   * Adds a whiteout or another entry whose name starts with `.wh.`.
   * @see image-spec v1.1.1, layer.md "Whiteouts"
   */
  #addMark(path: string, entry: TarEntry): void {
    // aufs metadata, which engines skip.
    if (/(^|\/)\.wh\.\.wh\./.test(path) && baseOf(path) !== '.wh..wh..opq') return;
    const parent = parentOf(path);
    if (/(^|\/)\.wh\./.test(parent)) throw new RefusedEntry('it is below a whiteout');
    this.#addParents(path);
    if (baseOf(path) === '.wh..wh..opq') {
      this.#opaque.add(parent);
      return;
    }
    const hidden = baseOf(path).slice('.wh.'.length);
    if (['', '.', '..'].includes(hidden)) throw new RefusedEntry('it is a whiteout without a valid name');
    const target = parent === '' ? hidden : `${parent}/${hidden}`;
    if (this.#leaves.has(target) || this.#directories.has(target) || this.#whiteouts.has(target)) {
      throw new RefusedEntry('it is a whiteout for an entry of its own layer');
    }
    const { uid, gid } = this.#attributes(entry);
    this.#whiteouts.set(target, { ...implied, mode: 0, uid, gid });
  }

  #addParents(path: string): void {
    const parent = parentOf(path);
    if (this.#directories.has(parent)) return;
    if (this.#leaves.has(parent) || this.#whiteouts.has(parent)) {
      throw new RefusedEntry('its parent is not a directory');
    }
    this.#addParents(parent);
    this.#directories.set(parent, implied);
  }

  #addDirectory(path: string, entry: TarEntry): void {
    if (this.#leaves.has(path)) throw new RefusedEntry('it appears twice');
    this.#whiteouts.delete(path);
    const before = this.#directories.get(path);
    const attributes = this.#attributes(entry, before);
    const earlier = before?.xattrs ?? noXattrs;
    this.#directories.set(path, {
      ...attributes,
      // Engines mount at the top directory, so its time would be the time of extraction.
      mtime: path === '' ? epoch : attributes.mtime,
      xattrs: new Map([...earlier, ...attributes.xattrs]),
    });
  }

  #addLeaf(path: string, type: Leaf['type'], entry: TarEntry): Buffer {
    const attributes = this.#attributes(entry);
    const { size, linkName, deviceMajor, deviceMinor } = entry;
    if (type === 'symlink') {
      checkSymlink(linkName);
      this.#size += linkName.length;
    }
    if (type === 'character' || type === 'block') checkDevice(entry);
    this.#size += size;
    const leaf = { ...attributes, type, ...(type === 'symlink' ? { mode: 0o777 } : {}) };
    this.#leaves.set(path, this.#sharing(leaf));
    const device = type === 'character' || type === 'block' ? { deviceMajor, deviceMinor } : {};
    return this.#header(path, { ...leaf, ...device, size, linkName: type === 'symlink' ? linkName : '' });
  }

  /** Neighbouring files often have equal attributes, so they share one object. */
  #sharing(leaf: Leaf): Leaf {
    const last = this.#lastLeaf;
    const hasNoXattrs = leaf.xattrs.size === 0 && last?.xattrs.size === 0;
    const isAlike = hasNoXattrs && last.type === leaf.type && last.mode === leaf.mode;
    if (!isAlike || !sameAttributes(last, leaf)) this.#lastLeaf = leaf;
    return this.#lastLeaf ?? leaf;
  }

  #addLink(path: string, entry: TarEntry): Buffer {
    const target = entryPath(entry.linkName, 'its link target');
    const leaf = this.#leaves.get(target);
    if (leaf === undefined)
      throw new RefusedEntry('it links to a file that does not precede it in its layer');
    if (!sameAttributes(leaf, this.#attributes(entry, leaf))) {
      // Engines would change the file, which is already in the pack.
      throw new RefusedEntry('it is a link whose attributes differ from its target');
    }
    this.#leaves.set(path, leaf);
    return this.#header(path, { ...leaf, type: 'hardlink', linkName: `${this.#top}/${target}` });
  }

  /** `before` is what the path, or the file it links to, has already. */
  #attributes(entry: TarEntry, before: Attributes = implied): Attributes {
    const { mode } = entry;
    const uid = entry.uid === keepsId ? before.uid : entry.uid;
    const gid = entry.gid === keepsId ? before.gid : entry.gid;
    if (uid < 0 || gid < 0 || uid > maxId || gid > maxId)
      throw new RefusedEntry('its owner is not a 32-bit number');
    return {
      mode,
      uid,
      gid,
      mtime: this.#time(entry.mtime),
      xattrs: settableXattrs(entry, this.#abilities),
    };
  }

  /** Like engines, turns times before 1970 into 1970. */
  #time({ seconds, nanoseconds }: TarTime): TarTime {
    if (seconds < 0) return epoch;
    if (seconds > maxSeconds) return { seconds: maxSeconds, nanoseconds: 0 };
    return { seconds, nanoseconds: this.#abilities.hasNanoseconds ? nanoseconds : 0 };
  }

  #header(path: string, entry: Attributes & Pick<PackEntry, 'type'> & Partial<PackEntry>): Buffer {
    return formatHeader({
      size: 0,
      linkName: '',
      deviceMajor: 0,
      deviceMinor: 0,
      ...entry,
      path: path === '' ? this.#top : `${this.#top}/${path}`,
    });
  }
}

function sameAttributes(leaf: Leaf, link: Attributes): boolean {
  if (leaf.uid !== link.uid || leaf.gid !== link.gid) return false;
  for (const [name, value] of link.xattrs) if (leaf.xattrs.get(name)?.equals(value) !== true) return false;
  // Engines do not set mode and time of a symlink through a hard link.
  if (leaf.type === 'symlink') return true;
  const { mtime } = link;
  const isSameTime = leaf.mtime.seconds === mtime.seconds && leaf.mtime.nanoseconds === mtime.nanoseconds;
  return leaf.mode === link.mode && isSameTime;
}

function checkSymlink(linkName: string): void {
  if (linkName === '' || linkName.length > 4095 || linkName.includes('\0')) {
    throw new RefusedEntry('its link target is empty');
  }
}

/** Checks the ranges of Linux's 32-bit device numbers. */
function checkDevice({ deviceMajor, deviceMinor }: TarEntry): void {
  const isNumber = deviceMajor >= 0 && deviceMajor < 2 ** 12 && deviceMinor >= 0 && deviceMinor < 2 ** 20;
  if (!isNumber) throw new RefusedEntry('its device number is out of range for Linux');
}
