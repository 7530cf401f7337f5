import { isDrayError } from '@drayage/core';
import type { DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { listOf, member, textIn, type YamlNode } from '../yaml/tree.ts';
import { reportObject } from './object-images.ts';
import { templateLine, unrendered } from './templates.ts';

/**
 * Reads Kubernetes objects: containers and image volumes, wherever an object describes a pod. Templates are
 * not rendered.
 * @see Kubernetes API, PodSpec v1 core
 */
export async function readKubernetes(source: SourceFile, context: DiscoveryContext): Promise<void> {
  const documents = parseDocuments(source, context);
  for (const document of documents) reportDocument(document, source, context);
}

function parseDocuments(source: SourceFile, context: DiscoveryContext): readonly YamlNode[] {
  try {
    return parseYaml(source, context);
  } catch (error) {
    const line = templateLine(source.text);
    if (!isDrayError(error, 'DISCOVERY_FAILED') || line === undefined) throw error;
    context.findings.addProblem({ place: { file: source.path, line }, what: 'manifest', ...unrendered });
    return [];
  }
}

function reportDocument(document: YamlNode, source: SourceFile, context: DiscoveryContext): void {
  // Some tools write JSON arrays of objects; lists may nest.
  if (document.kind === 'sequence') {
    for (const item of document.items) reportDocument(item, source, context);
    return;
  }
  const kind = textIn(document, 'kind');
  const apiVersion = textIn(document, 'apiVersion');
  const { place } = document;
  if (kind === undefined || apiVersion === undefined) {
    const reason = 'a document has no apiVersion and kind, and was left out';
    context.findings.addProblem({ place, what: 'manifest', reason, severity: 'warning' });
  } else if (kind.endsWith('List') && member(document, 'items') !== undefined) {
    for (const item of listOf(member(document, 'items'))) reportDocument(item, source, context);
  } else if (kind === 'Kustomization') {
    const hint = 'Render it first: kubectl kustomize . > rendered.yaml.';
    context.findings.addProblem({ place, what: 'Kustomization', reason: 'it is not rendered', hint });
  } else reportObject(document, { kind, apiVersion, source }, context);
}
