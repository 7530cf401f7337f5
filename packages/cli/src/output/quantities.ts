const sizeUnits = ['kB', 'MB', 'GB', 'TB'] as const;

/** Formats bytes in powers of ten, as docker does: `512 B`, `31.2 MB`. */
export function humanSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let [value, unit] = [bytes / 1000, 0];
  // 999.95 would be shown as 1000.0.
  while (value >= 999.95 && unit < sizeUnits.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value.toFixed(1)} ${sizeUnits[unit] ?? ''}`;
}

/** Formats milliseconds: `12 ms`, `1.9 s`, `2 min 5 s`. */
export function humanDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  return hours === 0 ? `${minutes} min ${seconds % 60} s` : `${hours} h ${minutes % 60} min`;
}

/** `1 image`, `2 images`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
