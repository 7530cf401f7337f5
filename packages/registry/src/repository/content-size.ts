import type { HttpResponse } from '@drayage/http';

/** `Content-Length` (bytes); undefined without one. */
export function sizeIn(response: HttpResponse): number | undefined {
  const text = response.header('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
