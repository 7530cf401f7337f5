import type { DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import { stepsOf } from '../work-meter.ts';
import { entriesOf, listOf, member, scalarIn, textIn, type YamlNode } from '../yaml/tree.ts';
import { isTemplate, unrendered } from './templates.ts';

export interface ObjectKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly source: SourceFile;
}

/** Lists of containers in pods, and in objects of other controllers that look like pods (Argo, Tekton). */
const containerLists = new Map([
  ['containers', 'container'],
  ['initContainers', 'init container'],
  ['ephemeralContainers', 'ephemeral container'],
  ['sidecars', 'sidecar'],
  ['steps', 'step'],
]);

/** Single containers, of Argo's templates. */
const singleContainers: ReadonlySet<string> = new Set(['container', 'script']);

interface Walk extends ObjectKind {
  readonly what: string;
  readonly context: DiscoveryContext;
}

/** Adds the images of one object, except with `imagePullPolicy: Never`. */
export function reportObject(object: YamlNode, kind: ObjectKind, context: DiscoveryContext): void {
  const name = textIn(object, 'metadata', 'name') ?? textIn(object, 'metadata', 'generateName') ?? '';
  walk(object, { ...kind, what: `${kind.kind} ${name}`.trimEnd(), context });
}

function walk(node: YamlNode, at: Walk): void {
  at.context.meter.spend(stepsOf.visit, { place: node.place });
  if (node.kind === 'sequence') for (const item of node.items) walk(item, at);
  for (const [key, { value }] of entriesOf(node)) {
    const role = containerLists.get(key);
    if (role !== undefined && value.kind === 'sequence' && value.items.some(looksLikeContainer)) {
      for (const item of value.items) reportContainer(item, role, at);
    } else if (singleContainers.has(key) && looksLikeContainer(value)) reportContainer(value, key, at);
    else if (key === 'volumes') reportVolumes(value, at);
    else if (key === 'image' || key === 'imageName') reportUnknown(key, value, at);
    else walk(value, at);
  }
}

function looksLikeContainer(node: YamlNode): boolean {
  return member(node, 'image') !== undefined;
}

function reportContainer(node: YamlNode, role: string, { what, context, source }: Walk): void {
  const who = `${what}, ${`${role} ${textIn(node, 'name') ?? ''}`.trimEnd()}`;
  const image = member(node, 'image');
  if (image === undefined) {
    const reason = 'it names no image';
    context.findings.addProblem({ place: node.place, what: who, reason, severity: 'warning' });
    return;
  }
  if (textIn(node, 'imagePullPolicy') === 'Never') return;
  if (isTemplate(image, source)) {
    context.findings.addProblem({ place: image.place, what: who, ...unrendered });
  } else if (image.kind !== 'scalar') {
    context.findings.addProblem({ place: image.place, what: who, reason: 'the image is not text' });
  } else context.findings.addImage({ text: image.text, place: image.place, what: who });
}

/** @see Kubernetes API, Volume v1 core, "image" */
function reportVolumes(volumes: YamlNode, at: Walk): void {
  for (const volume of listOf(volumes)) {
    const reference = scalarIn(volume, 'image', 'reference');
    if (reference === undefined || textIn(volume, 'image', 'pullPolicy') === 'Never') continue;
    const what = `${at.what}, volume ${textIn(volume, 'name') ?? ''}`.trimEnd();
    at.context.findings.addImage({ text: reference.text, place: reference.place, what });
  }
}

/** Operators have their own fields for images. */
function reportUnknown(key: string, value: YamlNode, { what, context, apiVersion }: Walk): void {
  if (value.kind !== 'scalar' || value.isNull || value.text === '' || !apiVersion.includes('/')) return;
  context.findings.addProblem({
    place: value.place,
    what,
    reason: `"${key}: ${value.text.slice(0, 200)}" is not part of a container and was left out`,
    hint: 'Name the image as well if the operator starts it.',
    severity: 'warning',
  });
}
