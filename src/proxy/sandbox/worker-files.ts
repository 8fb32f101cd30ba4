import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the thread's program and the virtual machine are: beside the bundle, or among sources and packages. */
export function workerFiles(): { readonly program: string; readonly wasm: string } {
  const here = import.meta.filename;
  const folder = dirname(here);
  return here.endsWith('.ts')
    ? { program: join(folder, 'worker.ts'), wasm: createRequire(here).resolve('@jitl/quickjs-wasmfile-release-sync/wasm') }
    : { program: join(folder, 'sandbox.cjs'), wasm: join(folder, 'quickjs.wasm.br') };
}
