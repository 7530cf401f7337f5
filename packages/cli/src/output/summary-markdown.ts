import type { DeliveryReport, PrepullReport } from '@drayage/core';
import { humanDuration, humanSize } from './quantities.ts';

/** What a job's summary says about its pre-pull. Pure. */
export function prepullMarkdown(sentence: string, { images }: Pick<PrepullReport, 'images'>): string {
  return section('Pre-pull', sentence, [
    ['image', 'state', 'size', 'time'],
    ...images.map(({ reference, state, bytes, ms, error }) => [
      ...[code(reference), state === 'failed' ? `failed: ${error?.message ?? 'unknown reason'}` : state],
      ...[humanSize(bytes), humanDuration(ms)],
    ]),
  ]);
}

/** What a job's summary says about its images. Pure. */
export function deliveryMarkdown(sentence: string, { images }: Pick<DeliveryReport, 'images'>): string {
  return section('Images', sentence, [
    ['image', 'delivery', 'sent', 'time'],
    ...images.map(({ reference, delivery, bytesSent, ms, error }) => [
      ...[code(reference), error === undefined ? delivery : `not delivered: ${error.message}`],
      ...[humanSize(bytesSent), humanDuration(ms)],
    ]),
  ]);
}

function section(title: string, sentence: string, rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows.map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  const table = body.length === 0 ? [] : ['', header, '| --- | --- | ---: | ---: |', ...body];
  return [`### ${title}`, '', cell(sentence), ...table, '', ''].join('\n');
}

/** Text within one cell: no markup, no HTML, no mention of people. */
function cell(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('|', '&#124;');
}

/** References hold no backquotes. */
function code(reference: string): string {
  return `\`${reference.replaceAll('`', "'")}\``;
}
