// How long the extension keeps the extension host at start, as VS Code itself measures it, in a fresh window each
// time. The bar is a median of 50 ms for activate().
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
const calls: number[] = [];
const loads: number[] = [];
try {
  // The report of start-up times is a long document of which only what is on the screen exists.
  await workbench.page.setViewportSize({ width: 1600, height: 4000 });
  for (let run = 0; run < runs; run++) {
    if (run > 0) await workbench.page.reload();
    const { load, call } = await activationTimes();
    loads.push(load);
    calls.push(call);
  }
} finally {
  await workbench.close();
}
await report('activation', [
  { what: 'activate()', median: ms(quantile(calls, 0.5)), best: ms(Math.min(...calls)), worst: ms(Math.max(...calls)), bar: ms(barMs), runs },
  // Asynchronous: most of it is other extensions' turns in the same process.
  { what: 'load code', median: ms(quantile(loads, 0.5)), best: ms(Math.min(...loads)), worst: ms(Math.max(...loads)), bar: '', runs },
]);
if (quantile(calls, 0.5) > barMs) process.exitCode = 1;

/** The row of the extension: `| id | Eager | Load Code | Call Activate | Finish Activate | Event | By |`. */
async function activationTimes(): Promise<{ readonly load: number; readonly call: number }> {
  await workbench.statusItem('Vestibule').waitFor({ timeout: 60_000 });
  await workbench.runCommand('Developer: Startup Performance');
  const row = workbench.page.locator('.part.editor .view-line', { hasText: 'vestibule.vestibule-mcp' }).first();
  await row.waitFor({ timeout: 60_000 });
  const cells = (await row.innerText()).replaceAll('\u00a0', ' ').split('|').map((cell) => cell.trim());
  const [load, call] = [Number(cells[3]), Number(cells[4])];
  if (!Number.isFinite(load) || !Number.isFinite(call)) throw new Error(`no times in "${cells.join('|')}"`);
  return { load, call };
}
