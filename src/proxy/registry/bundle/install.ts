import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VestibuleError } from '../../errors.ts';
import { jsonOf } from '../../json/data.ts';
import { readTextIfExists } from '../../storage/atomic-file.ts';
import type { ReadyOffer } from '../types.ts';
import { UnusableError } from '../values.ts';
import { downloadBundle } from './download.ts';
import { readManifest } from './manifest.ts';
import type { BundleMachine, BundleRef } from './types.ts';
import { unpackBundle } from './unpack.ts';

const MAX_MANIFEST_BYTES = 1024 * 1024;

/**
 * Fetches a bundle, checks that it is the one that was named, and unpacks it to `<data>/bundles/<sha256>`. Nothing of it
 * is started: what comes back is what would be.
 * @param server the name its inputs are called after
 * @throws VestibuleError `bad-bundle`, `too-large` or of the network; nothing of it is left then
 */
export async function installBundle(ref: BundleRef, server: string, { dataDir, platform }: BundleMachine, signal: AbortSignal): Promise<Pick<ReadyOffer, 'entry' | 'inputs'>> {
  const folder = join(dataDir, 'bundles', ref.sha256);
  // A folder of this name holds what was checked once.
  if (!existsSync(folder)) await unpackBundle(await downloadBundle(ref, signal), folder);
  try {
    const manifest = jsonOf(await readTextIfExists(join(folder, 'manifest.json'), MAX_MANIFEST_BYTES));
    if (manifest === undefined) throw new UnusableError('it has no manifest.json that can be read');
    const { program, ...launch } = readManifest(manifest, { server, folder, platform });
    // Archives lose who may run what.
    if (program !== undefined && platform !== 'win32' && existsSync(program)) await chmod(program, 0o755);
    return launch;
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    await rm(folder, { recursive: true, force: true });
    throw new VestibuleError('bad-bundle', `The bundle cannot be used: ${error.message}.`, { action: 'Choose another way of using the server.' });
  }
}
