/** Programs end lines of base64 after so many characters: `base64` and MIME, PEM. */
const lineLengths = [76, 64];

/** Secrets, and all forms of them that programs print. */
export function withEncodedForms(secrets: Iterable<string>): ReadonlySet<string> {
  const all = new Set(secrets);
  for (const secret of [...all]) for (const form of encodedForms(secret)) if (form.length >= 4) all.add(form);
  return all;
}

/**
 * The forms in which programs encode a secret: base64, by itself, within a longer text and in lines, in both
 * alphabets; and as a part of a URL, by the rules of all usual libraries.
 */
function encodedForms(secret: string): ReadonlySet<string> {
  return new Set([...base64Forms(secret), ...urlForms(secret)]);
}

function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const whole = bytes.toString('base64');
  const forms = [whole, ...[0, 1, 2].map((before) => innerBase64(bytes, before)), ...wrapped(bytes)];
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/**
 * What the base64 of a text holds of a secret that has `before` (mod 3) bytes before it, whatever surrounds
 * it.
 */
function innerBase64(bytes: Uint8Array, before: number): string {
  const text = Buffer.concat([new Uint8Array(before), bytes]).toString('base64');
  // Characters at both ends have bits of the neighbours, too.
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.byteLength) * 8) / 6));
}

/** The lines of a secret whose base64 is longer than one. The output is masked by line. */
function wrapped(bytes: Uint8Array): readonly string[] {
  return lineLengths.flatMap((length) => {
    const bytesPerLine = (length / 4) * 3;
    if (bytes.byteLength <= bytesPerLine) return [];
    const count = Math.ceil(bytes.byteLength / bytesPerLine);
    return Array.from({ length: count }, (_, line) => {
      const part = bytes.subarray(line * bytesPerLine, (line + 1) * bytesPerLine);
      // An end of line may follow the secret within the last group.
      return innerBase64(part, 0);
    });
  });
}

function urlForms(secret: string): readonly string[] {
  // Throws for half a surrogate pair.
  const component = encodeURIComponent(secret.replaceAll(/[\ud800-\udfff]/gu, ''));
  const strict = component.replaceAll(/[!'()*]/g, (char) => percent(char));
  const everything = strict.replaceAll('~', '%7E');
  // URLSearchParams and Java leave the asterisk as it is.
  const forAForm = everything.replaceAll('%2A', '*');
  const escaped = [component, strict, everything, forAForm];
  const paths = escaped.map((form) => form.replaceAll('%2F', '/'));
  const forms = [...escaped, ...paths].map((form) => form.replaceAll('%20', '+'));
  const all = [...escaped, ...paths, ...forms];
  return [...all, ...all.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}
