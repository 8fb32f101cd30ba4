import { it } from 'node:test';
import type { Workbench } from './workbench.ts';

/**
 * Tests over one window that build on each other; a failing one leaves a screenshot.
 * @param workbench the window, once it is open
 */
export function stepsIn(workbench: () => Workbench): (name: string, body: () => Promise<void>) => void {
  return (name, body) => {
    it(name, async () => {
      await body().catch(async (error: unknown) => {
        await workbench().screenshot(`failed ${name}`);
        throw error;
      });
    });
  };
}
