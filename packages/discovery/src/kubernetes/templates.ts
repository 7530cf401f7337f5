import type { YamlNode } from '../yaml/tree.ts';
import type { SourceFile } from '../source-files.ts';

/** The problem of a file with `{{ }}`. */
export const unrendered: { readonly reason: string; readonly hint: string } = {
  reason: 'it is a template that is not rendered',
  hint: 'Render it first: helm template … > rendered.yaml.',
};

/** The first line (from 1) that holds a template action. */
export function templateLine(text: string): number | undefined {
  const index = text.split('\n').findIndex((line) => line.includes('{{'));
  return index < 0 ? undefined : index + 1;
}

/** True for a value with a template action; `image: {{ .Values.image }}` is YAML, a mapping in a mapping. */
export function isTemplate(image: YamlNode, source: SourceFile): boolean {
  if (image.kind === 'scalar') return image.text.includes('{{');
  return (linesOf(source)[image.place.line - 1] ?? '').includes('{{');
}

const lines = new WeakMap<SourceFile, readonly string[]>();

function linesOf(source: SourceFile): readonly string[] {
  const known = lines.get(source) ?? source.text.split('\n');
  lines.set(source, known);
  return known;
}
