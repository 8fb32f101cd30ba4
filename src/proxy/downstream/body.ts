import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

/** Why a body has no text: too long, not UTF-8, or its client went away. */
export type BodyProblem = 'too-large' | 'not-utf8' | 'gone';

/**
 * Reads a request body as text, at most `limit` bytes of it; beyond that it stops reading and leaves the rest.
 * Bytes that are not UTF-8 are refused, never replaced: what is relayed must be what was sent.
 */
export function readBody(req: IncomingMessage, limit: number): Promise<{ readonly text: string } | { readonly problem: BodyProblem }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const announced = Number(req.headers['content-length'] ?? Number.NaN);
    let size = 0;
    let whole = false;
    // The first to settle counts. The listeners stay: they go with the request, and taking them off costs more than that.
    const onData = (chunk: Buffer): void => {
      if (size > limit) return;
      size += chunk.length;
      if (size > limit) {
        chunks.length = 0;
        req.pause();
        resolve({ problem: 'too-large' });
        return;
      }
      chunks.push(chunk);
      // There is no more to come: the end, and what Node does then, need not be waited for.
      if (size === announced) onEnd();
    };
    const onEnd = (): void => {
      if (size > limit || whole) return;
      whole = true;
      const [first] = chunks;
      const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size);
      resolve(isUtf8(bytes) ? { text: bytes.toString('utf8') } : { problem: 'not-utf8' });
    };
    const onGone = (): void => resolve({ problem: 'gone' });
    req.on('data', onData);
    req.on('end', onEnd);
    req.on('close', onGone);
    req.on('error', onGone);
  });
}
