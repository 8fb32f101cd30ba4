import type { CallRow } from '../src/views/inspector/messages.ts';

/** `server:tool`; one of the proxy's own tools by its name alone. */
export function toolName({ server, tool }: Pick<CallRow, 'server' | 'tool'>): string {
  return server === '' ? tool : `${server}:${tool}`;
}

/** Milliseconds as a person reads them. */
export function duration(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(2))} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
