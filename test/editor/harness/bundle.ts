import { build } from 'esbuild';
import { root } from '../../../scripts/lib/exec.mjs';

/**
 * Bundles a TypeScript module for the extension host.
 * @param external modules to load at run time instead
 */
export async function bundleForHost(entry: string, outfile: string, external: readonly string[] = []): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    // The CommonJS form of some packages finds its parts in a way that cannot be bundled.
    mainFields: ['module', 'main'],
    external: ['vscode', ...external],
    logLevel: 'warning',
  });
}
