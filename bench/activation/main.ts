// How long VS Code waits for the extension at start, as VS Code itself measures it: loading the module and the
// synchronous part of activate(). A fresh window each time. The bar is a median of 50 ms.
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { npm } from '../../scripts/lib/exec.mjs';
import { Workbench } from '../../test/editor/harness/workbench.ts';
import { everythingWorkspace } from '../../test/editor/harness/workspace.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';

const runs = 7;
const barMs = 50;

await npm(['run', '--silent', 'ensure:vscode']);
await npm(['run', '--silent', 'package']);
const workbench = await Workbench.open({ name: 'bench-activation', vsix: [vsixFile], workspace: await everythingWorkspace('bench-activation') });
const times: number[] = [];
try {
  for (let run = 0; run < runs; run++) {
    if (run > 0) await workbench.page.reload();
    times.push(await activationMs());
  }
} finally {
  await workbench.close();
}
const median = quantile(times, 0.5);
await report('activation', [{ median: ms(median), best: ms(Math.min(...times)), worst: ms(Math.max(...times)), bar: ms(barMs), runs }]);
if (median > barMs) process.exitCode = 1;

async function activationMs(): Promise<number> {
  await workbench.statusItem('Vestibule').waitFor({ timeout: 60_000 });
  await workbench.runCommand('Developer: Show Running Extensions');
  const row = workbench.page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'Vestibule' });
  const text = await row.locator('.activation-time').innerText();
  const found = /(\d+)\s*ms/.exec(text)?.[1];
  if (found === undefined) throw new Error(`no activation time in "${text}"`);
  return Number(found);
}
