// Prints what axe-core finds in the inspector of the packaged extension in a real VS Code. Usage: npm run axe
import { auditInspector, openFilledInspector } from '../test/editor/harness/audit.ts';
import { main, say, StepError } from './lib/exec.mjs';

await main('axe', async () => {
  const workbench = await openFilledInspector('axe');
  try {
    const audits = await auditInspector(workbench, ({ theme, zoom, tab, moving, passed, tooWide, unsure, violations }) => {
      say('axe', `${theme}, ${zoom} %, ${tab}: ${passed} rules hold, ${violations.length} violations, ${unsure.length} it cannot tell, ${tooWide} px too wide, ${moving.length} that move in spite of reduced motion`);
      for (const line of [...violations, ...moving]) say('axe', `  ${line}`);
    });
    const found = audits.filter(({ moving, tooWide, violations }) => violations.length > 0 || tooWide > 0 || moving.length > 0);
    for (const line of new Set(audits.flatMap(({ unsure }) => unsure))) say('axe', `cannot tell: ${line}`);
    if (found.length > 0) throw new StepError(`${found.length} of ${audits.length} looks found something`);
    say('axe', `nothing found in ${audits.length} looks`);
  } finally {
    await workbench.close();
  }
});
