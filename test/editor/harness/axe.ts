import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** One thing axe found, with where. */
export interface Violation {
  readonly rule: string;
  readonly help: string;
  readonly nodes: readonly string[];
}

/** Runs axe-core over the inspector's real page, every rule of WCAG 2.2 A and AA and its best practices. @throws Error without an open inspector */
export async function axeViolations(page: Page): Promise<readonly Violation[]> {
  const frames = page.frames().filter((frame) => frame.name() === 'active-frame');
  for (const frame of frames) {
    if ((await frame.locator('#tabs').count()) === 0) continue;
    await frame.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await frame.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
    return violations.map(({ id, help, nodes }) => ({ rule: id, help, nodes: nodes.map(({ html }) => html.slice(0, 200)) }));
  }
  throw new Error('no inspector is open');
}
