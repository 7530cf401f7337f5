import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

import { rawLongName, rawPadding, rawPaxHeader, rawTarEnd, rawTarEntry } from '@drayage/core/testing';

import { descriptorOf, makeDocument } from './image-build.ts';
import { documentTypes, layerMediaType } from './media-types.ts';
import { pushBlob, pushManifest, type PushTarget } from './push.ts';
import { runOrThrow } from './processes.ts';

/** A layer, down to its bytes. */
export interface TarLayer {
  readonly title: string;
  readonly tar: Buffer;
  /** False where the engine's own record of the tar is known not to give the tar back. */
  readonly engineKeepsTar: boolean;
}

const text = (content: string): Buffer => Buffer.from(content);
const tarOf = (...entries: readonly Buffer[]): Buffer => Buffer.concat([...entries, rawTarEnd()]);

/** VFS_CAP_REVISION_2 with cap_net_bind_service, effective. */
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');

/** Layers of what is hardest to keep, each of which real engines extract. Bottom first. */
export function nastyLayers(): readonly TarLayer[] {
  return [
    layer('names, owners, times and attributes', attributesTar()),
    layer('links, devices and parents that are only implied', linksTar()),
    layer('whiteouts and opaque directories', whiteoutsTar()),
    layer('headers of all kinds', headersTar()),
    { title: 'a sparse file', tar: sparseTar(), engineKeepsTar: false },
    layer('nothing', rawTarEnd()),
  ];
}

/** A layer of real files of this machine. */
export async function realLayer(folder: string, paths: readonly string[]): Promise<TarLayer> {
  const file = `${folder}/real.tar`;
  const args = [
    '--create',
    '--file',
    file,
    '--format=pax',
    '--xattrs',
    '--xattrs-include=security.capability',
  ];
  await runOrThrow('tar', [...args, '--directory', '/', '--sort=name', ...paths]);
  return layer(`real files: ${paths.join(', ')}`, await readFile(file));
}

/** Pushes an image of these layers; `name` is `REPOSITORY:TAG`. Returns its reference. */
export async function pushTars(
  target: PushTarget,
  name: string,
  layers: readonly TarLayer[],
): Promise<string> {
  const [repository = '', tag = ''] = name.split(':');
  const blobs = layers.map(({ tar }) => gzipSync(tar, { level: 1 }));
  const config = makeDocument(documentTypes.oci.config, {
    os: 'linux',
    architecture: 'amd64',
    config: { Cmd: ['true'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) },
  });
  for (const content of [...blobs, config.bytes]) {
    await pushBlob(target, repository, { digest: digestOf(content), sizeBytes: content.length, content });
  }
  const { manifest: mediaType } = documentTypes.oci;
  const manifest = makeDocument(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: descriptorOf(config),
    layers: blobs.map((blob) => ({
      mediaType: layerMediaType('oci', 'gzip'),
      digest: digestOf(blob),
      size: blob.length,
    })),
  });
  await pushManifest(target, repository, { ...manifest, reference: tag });
  return `${target.host}/${name}`;
}

function layer(title: string, tar: Buffer): TarLayer {
  return { title, tar, engineKeepsTar: true };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function attributesTar(): Buffer {
  const long = `long/${'directory'.repeat(12)}/${'sub'.repeat(60)}/${'file'.repeat(60)}`;
  return tarOf(
    rawTarEntry({ name: './', typeFlag: '5', mode: 0o755 }),
    rawTarEntry({ name: './tmp/', typeFlag: '5', mode: 0o1777, mtime: 1_000_000_000 }),
    rawTarEntry({ name: './bin/', typeFlag: '5', mode: 0o755, mtime: 1_100_000_000 }),
    rawTarEntry({ name: './bin/su', content: text('#!/bin/sh\n'), mode: 0o4755, mtime: 1_200_000_000 }),
    rawTarEntry({ name: './bin/wall', content: text('wall'), mode: 0o2755, gid: 5 }),
    rawTarEntry({ name: './bin/secret', content: text('secret'), mode: 0 }),
    rawTarEntry({ name: './bin/empty', mtime: 0 }),
    rawPaxHeader({ 'SCHILY.xattr.security.capability': capability }),
    rawTarEntry({ name: './bin/server', content: Buffer.alloc(70_000, 'server'), mode: 0o755 }),
    // One each, because file systems list several in different orders.
    rawPaxHeader({ 'SCHILY.xattr.user.binary': Buffer.from([0, 10, 255, 61]) }),
    rawTarEntry({ name: './bin/with-attribute', content: text('x') }),
    rawPaxHeader({ 'SCHILY.xattr.user.mime': 'text/plain' }),
    rawTarEntry({ name: './bin/with-text', content: text('x') }),
    rawPaxHeader({ 'LIBARCHIVE.xattr.user.x': 'eA==' }),
    rawTarEntry({ name: './bin/of-another-program', content: text('x') }),
    rawPaxHeader({ 'SCHILY.xattr.user.on-directory': 'yes', mtime: '1300000000.987654321' }),
    rawTarEntry({ name: './with-attributes/', typeFlag: '5', mode: 0o700, uid: 1000, gid: 1001 }),
    rawPaxHeader({ mtime: '1400000000.123456789', uid: '3000000', gid: '4000000000' }),
    rawTarEntry({ name: './far-owner', content: text('far') }),
    rawTarEntry({
      name: './far-owner-of-gnu',
      format: 'gnu',
      uid: 2_500_000,
      gid: 2_600_000,
      content: text('gnu'),
    }),
    rawPaxHeader({ path: `./${long}\n10 path=x\n` }),
    rawTarEntry({ name: 'long', content: text('long with a line feed') }),
    rawPaxHeader({ path: `./${long}`, linkpath: 'nothing' }),
    rawTarEntry({ name: 'long', content: text('long') }),
    rawLongName(`./${long}-of-gnu`),
    rawTarEntry({ name: 'long', format: 'gnu', content: text('long, too') }),
    rawTarEntry({ name: './latin1-\xe4\xf6\xfc', content: text('not UTF-8') }),
    rawTarEntry({ name: './latin1-\xff\xfe/inside', content: text('nor this') }),
    rawTarEntry({ name: './utf8-\xc3\xa4<&>', content: text('UTF-8') }),
    rawTarEntry({ name: './back\\slash and "quote" \x01', content: text('odd') }),
    rawTarEntry({ name: './large', content: Buffer.alloc(3_000_001, 'large and compressible ') }),
  );
}

function linksTar(): Buffer {
  const deep = `usr/${'x'.repeat(90)}/target`;
  return tarOf(
    rawTarEntry({ name: 'usr/lib/implied/library', content: text('library'), mode: 0o755 }),
    rawTarEntry({ name: 'usr/lib/linked', typeFlag: '1', linkName: 'usr/lib/implied/library', mode: 0o755 }),
    rawTarEntry({ name: 'linked-too', typeFlag: '1', linkName: '/usr/lib/linked', mode: 0o755 }),
    rawPaxHeader({ path: deep }),
    rawTarEntry({ name: 'deep', content: text('deep') }),
    rawPaxHeader({ linkpath: deep }),
    rawTarEntry({ name: 'deep-link', typeFlag: '1' }),
    rawTarEntry({
      name: 'absolute',
      typeFlag: '2',
      linkName: '/etc/passwd',
      mode: 0o777,
      mtime: 1_000_000_001,
    }),
    rawTarEntry({ name: 'upwards', typeFlag: '2', linkName: '../../../../etc/passwd', mode: 0o777 }),
    rawTarEntry({ name: 'dangling', typeFlag: '2', linkName: 'nowhere', mode: 0o777, uid: 1000, gid: 1000 }),
    rawTarEntry({ name: 'dangling-too', typeFlag: '1', linkName: 'dangling', uid: 1000, gid: 1000 }),
    rawLongName(`../${'far/'.repeat(60)}away`, 'K'),
    rawTarEntry({ name: 'long-link', typeFlag: '2', format: 'gnu', linkName: 'x', mode: 0o777 }),
    rawTarEntry({ name: 'dev/null', typeFlag: '3', mode: 0o666, deviceMajor: 1, deviceMinor: 3 }),
    rawTarEntry({
      name: 'dev/disk',
      typeFlag: '4',
      mode: 0o660,
      gid: 6,
      deviceMajor: 259,
      deviceMinor: 70_000,
    }),
    rawTarEntry({ name: 'dev/pipe', typeFlag: '6', mode: 0o600 }),
    rawTarEntry({ name: 'dev/', typeFlag: '5', mode: 0o711, mtime: 1_000_000_002 }),
  );
}

function whiteoutsTar(): Buffer {
  return tarOf(
    rawTarEntry({ name: 'bin/.wh.su', mode: 0o600 }),
    rawTarEntry({ name: 'usr/lib/', typeFlag: '5', mode: 0o750, mtime: 1_000_000_003 }),
    rawTarEntry({ name: 'usr/lib/.wh..wh..opq' }),
    rawTarEntry({ name: 'usr/lib/new', content: text('new') }),
    rawTarEntry({ name: 'tmp/.wh..wh..opq' }),
    rawTarEntry({ name: '.wh.absolute', uid: 1000, gid: 1000 }),
    rawTarEntry({ name: 'long/.wh.caf\xe9' }),
  );
}

function headersTar(): Buffer {
  return tarOf(
    rawPaxHeader({ comment: 'a global header', mtime: '5' }, 'g'),
    rawTarEntry({ name: 'v7', typeFlag: '\0', format: 'v7', content: text('seventh') }),
    rawTarEntry({ name: 'v7-directory/', typeFlag: '\0', format: 'v7', mode: 0o755 }),
    rawTarEntry({ name: 'last', prefix: `prefix/${'p'.repeat(140)}`, content: text('prefixed') }),
    rawTarEntry({ name: '/rooted', content: text('rooted') }),
    rawTarEntry({ name: './/double//slashes', content: text('double') }),
    rawPaxHeader({ path: '' }),
    rawTarEntry({ name: 'kept-name', content: text('kept') }),
    Buffer.alloc(0),
  );
}

function sparseTar(): Buffer {
  const page = Buffer.alloc(4096, 'data ');
  const map = text(`2\n8192\n4096\n1000000\n4096\n`);
  return tarOf(
    rawPaxHeader({
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 'sparse',
      'GNU.sparse.realsize': '2000000',
    }),
    rawTarEntry({
      name: 'GNUSparseFile.0/sparse',
      content: Buffer.concat([map, rawPadding(map.length), page, page]),
    }),
    rawTarEntry({ name: 'after', content: text('after') }),
  );
}
