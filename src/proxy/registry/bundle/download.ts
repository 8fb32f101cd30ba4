import { createHash } from 'node:crypto';
import { messageOf, VestibuleError } from '../../errors.ts';
import type { BundleRef } from './types.ts';

/** Bundles with a whole Node or Python inside have some tens of megabytes. */
const MAX_BYTES = 128 * 1024 * 1024;
const TIMEOUT_MS = 10 * 60_000;
const MAX_REDIRECTS = 5;

/** Whether a bundle may be fetched from there: encrypted, or from this very machine. */
export function isBundleUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  return username === '' && (protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)));
}

/**
 * Fetches a bundle and gives it out only if it is the one that was named: all of it is hashed before anybody looks
 * inside. Redirects are followed, as releases of code hosts need them; the hash holds wherever they lead.
 * @throws VestibuleError `connection-failed`, `http-status`, `too-large`, or `bad-bundle` when it is another file
 */
export async function downloadBundle({ url, sha256 }: BundleRef, signal: AbortSignal): Promise<Buffer> {
  const response = await open(new URL(url), AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new VestibuleError('too-large', `The bundle has more than ${MAX_BYTES / 1_048_576} MiB.`, { action: 'Fetch and unpack it yourself, and add the command it holds.' });
      hash.update(chunk);
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    throw VestibuleError.is(error) ? error : unreachable(url, error);
  }
  const found = hash.digest('hex');
  if (found !== sha256) {
    throw new VestibuleError('bad-bundle', `The bundle is not the one that the registry names: its SHA-256 is ${found}, not ${sha256}. It was thrown away.`, { action: 'Do not use it, and tell its publisher.' });
  }
  return Buffer.concat(chunks);
}

async function open(url: URL, signal: AbortSignal, redirects = 0): Promise<Response> {
  const response = await fetch(url, { signal, redirect: 'manual' }).catch((error: unknown) => {
    throw unreachable(url.href, error);
  });
  const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
  if (location === null && response.ok) return response;
  await response.body?.cancel();
  if (location === null) throw new VestibuleError('http-status', `The bundle cannot be fetched: ${url.host} answers with ${response.status}.`, { action: 'Try again later, or choose another way of using the server.' });
  const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (next === undefined || redirects >= MAX_REDIRECTS || !isBundleUrl(next.href)) {
    throw new VestibuleError('connection-failed', `${url.host} leads to an address that bundles are not fetched from.`, { action: 'Choose another way of using the server.' });
  }
  return open(next, signal, redirects + 1);
}

function unreachable(url: string, error: unknown): VestibuleError {
  return new VestibuleError('connection-failed', `The bundle cannot be fetched from ${new URL(url).host}: ${messageOf(error)}`, { action: 'Check the network, then try again.' });
}
