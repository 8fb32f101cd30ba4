import { it } from 'node:test';
import type { Workbench } from './workbench.ts';

/**
 * Tests over one window that build on each other; a failing one leaves a screenshot, and those after it are not tried:
 * each would wait in vain for what it builds on.
 * @param workbench the window, once it is open
 */
export function stepsIn(workbench: () => Workbench): (name: string, body: () => Promise<void>) => void {
  let failed: string | undefined;
  return (name, body) => {
    it(name, async () => {
      if (failed !== undefined) throw new Error(`not tried, as this failed: ${failed}`);
      await body().catch(async (error: unknown) => {
        failed = name;
        await workbench().screenshot(`failed ${name}`);
        throw error;
      });
    });
  };
}
