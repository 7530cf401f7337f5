import fc from 'fast-check';

const maxLength = 3000;

/** An input as a text that a person can read: bytes as text where they are, repetitions as a count. */
export function describeInput(input: unknown): string {
  const text = collapsed(describe(input));
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}… (${text.length} characters)`;
}

function describe(input: unknown): string {
  if (Buffer.isBuffer(input)) return `${input.length} bytes: ${JSON.stringify(textOrLatin1(input))}`;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return fc.stringify(input);
  const members = Object.entries(input).map(([key, value]) => `${key}: ${describe(value)}`);
  return `{ ${members.join(', ')} }`;
}

function textOrLatin1(bytes: Buffer): string {
  const text = bytes.toString();
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

/** Up to 20 characters that repeat at least ten times are written once, with their count. */
function collapsed(text: string): string {
  return text.replace(/(.{1,20}?)\1{9,}/gs, (all, unit: string) => `${unit}⟨×${all.length / unit.length}⟩`);
}
