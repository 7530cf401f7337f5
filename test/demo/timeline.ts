/** Something that took place during the demo. */
export interface Span {
  readonly label: string;
  /** ms since the start of the pipeline. */
  readonly from: number;
  readonly to: number;
  readonly note: string;
}

const width = 44;

/** Draws spans under each other on one time axis, a line each. */
export function drawTimeline(spans: readonly Span[]): string {
  const end = Math.max(...spans.map(({ to }) => to));
  const column = (ms: number): number => Math.round((ms / end) * width);
  const longest = Math.max(...spans.map(({ label }) => label.length));
  return spans
    .map(({ label, from, to, note }) => {
      const bar = '█'.repeat(Math.max(1, column(to) - column(from)));
      return `  ${label.padEnd(longest)}  ${' '.repeat(column(from))}${bar.padEnd(width + 1 - column(from))} ${seconds(to - from).padStart(6)}  ${note}`;
    })
    .join('\n');
}

/** `1.9 s` */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
