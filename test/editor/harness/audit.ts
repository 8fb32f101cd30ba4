// What axe-core finds in the inspector, with real calls in it, in every kind of theme and at both sizes.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { vsixFile } from '../../../scripts/lib/vsix.mjs';
import { ask, withScriptedModel } from './scripted-model.ts';
import { Workbench } from './workbench.ts';
import { everythingWorkspace } from './workspace.ts';

/** One look at the inspector. */
export interface Audited {
  readonly theme: string;
  /** In percent. */
  readonly zoom: number;
  readonly tab: string;
  /** Rules that hold, by their number. */
  readonly passed: number;
  /** What axe could not tell by itself, and why. */
  readonly unsure: readonly string[];
  /** Each as `rule: why: element`. */
  readonly violations: readonly string[];
  /** Pixels that the page is wider than its window: it must not be scrolled sideways. */
  readonly tooWide: number;
  /** Elements that would still move for a person who wants less motion. */
  readonly moving: readonly string[];
}

/** Themes of VS Code, one of each kind, with the class that the page gets in it. */
const THEMES = [
  ['Light Modern', 'vscode-light'],
  ['Dark Modern', 'vscode-dark'],
  ['Dark High Contrast', 'vscode-high-contrast'],
  ['Light High Contrast', 'vscode-high-contrast-light'],
] as const;

const TABS = ['Calls', 'Tool search', 'Tokens & latency'];
/** A browser at 200 % lays pages out for half the width and half the height. */
const SIZES = [
  { zoom: 100, width: 1280, height: 800 },
  { zoom: 200, width: 640, height: 400 },
];

const QUESTION = 'How much is 2 plus 40?';
const LONG = { timeout: 60_000 };

/** A window whose inspector shows calls that an agent really made, one of them with its details; and a search. */
export async function openFilledInspector(name: string): Promise<Workbench> {
  const plans = { [QUESTION]: [{ tool: 'retrieve_tools', arguments: { query: 'add two numbers' } }, { tool: 'call_tool', arguments: { tool: '$found', arguments: { a: 2, b: 40 } } }] };
  const workbench = await Workbench.open(await withScriptedModel({ name, vsix: [vsixFile], workspace: await everythingWorkspace(name) }, plans));
  try {
    await workbench.openContainer('Vestibule');
    await workbench.approveEverything('everything', 'get-sum');
    await workbench.treeRow(/^everything.*tools/).first().waitFor(LONG);
    await ask(workbench, QUESTION);
    await workbench.allowInChat('"b": 40', LONG.timeout);
    await workbench.chatText('The tool said').waitFor(LONG);
    await workbench.runCommand('View: Hide Secondary Side Bar');
    await workbench.runCommand('Vestibule: Search Tools');
    await workbench.searchInInspector('sum of numbers, roots');
    // It offers more to a client that can be asked back, which nobody approved.
    await workbench.webview().getByRole('row', { name: /everything:get-roots-list it awaits your approval/ }).waitFor(LONG);
    await workbench.webview().getByRole('tab', { name: 'Calls' }).click();
    await workbench.webview().getByRole('button', { name: 'everything:get-sum' }).click();
    await workbench.webview().locator('#detail-stages').waitFor(LONG);
    await workbench.webview().getByRole('button', { name: 'Call Again…' }).click();
    await workbench.webview().locator('#again-arguments').waitFor(LONG);
    return workbench;
  } catch (error) {
    await workbench.screenshot('failed to fill');
    await workbench.close();
    throw error;
  }
}

/** Looks at every tab in every kind of theme, at 100 and 200 %. @param looked hears of each look */
export async function auditInspector(workbench: Workbench, looked: (audited: Audited) => void = () => undefined): Promise<readonly Audited[]> {
  const audits: Audited[] = [];
  for (const [theme, kind] of THEMES) {
    await workbench.page.setViewportSize({ width: 1280, height: 800 });
    await workbench.useTheme(theme);
    await workbench.webview().locator(`body.${kind}`).waitFor(LONG);
    for (const { zoom, ...size } of SIZES) {
      await workbench.page.setViewportSize(size);
      for (const tab of TABS) {
        await workbench.webview().getByRole('tab', { name: tab }).click();
        const audited = { theme, zoom, tab, ...(await look(workbench)) };
        await workbench.screenshot(`${theme} ${zoom} ${tab.replace(/\W+/g, '-')}`);
        audits.push(audited);
        looked(audited);
      }
    }
  }
  return audits;
}

async function look(workbench: Workbench): Promise<Pick<Audited, 'moving' | 'passed' | 'tooWide' | 'unsure' | 'violations'>> {
  const page = workbench.webview().locator('html');
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const handle = await page.elementHandle();
  const frame = await handle.ownerFrame();
  if (frame === null) throw new Error('no inspector is open');
  await frame.evaluate(`${axe}\nundefined`);
  // Every rule there is, those of best practice and of WCAG 2.2 AAA too.
  const { incomplete, passes, violations } = await frame.evaluate<AxeResults>('axe.run(document)');
  const lines = (results: AxeResults['violations']): readonly string[] => results.flatMap(({ id, nodes }) => nodes.map(({ any, html }) => `${id}: ${any[0]?.message ?? ''}: ${html.slice(0, 200)}`));
  const tooWide = await frame.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  await workbench.page.emulateMedia({ reducedMotion: 'reduce' });
  const moving = await frame.evaluate<readonly string[]>(MOVING);
  await workbench.page.emulateMedia({ reducedMotion: 'no-preference' });
  return { passed: passes.length, unsure: lines(incomplete), violations: lines(violations), tooWide, moving };
}

/** Runs in the page: every element, also inside of components, with a transition or an animation that takes time. */
const MOVING = `(() => {
  const found = [];
  const visit = (root) => {
    for (const element of root.querySelectorAll('*')) {
      const { animationDuration, animationName, transitionDuration } = getComputedStyle(element);
      const takes = (durations) => durations.split(',').some((duration) => parseFloat(duration) > 0);
      if (takes(transitionDuration) || (animationName !== 'none' && takes(animationDuration))) found.push(element.localName + '.' + element.getAttribute('class') + ' ' + element.getAttribute('part'));
      if (element.shadowRoot) visit(element.shadowRoot);
    }
  };
  visit(document);
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) found.push('the page does not hear of reduced motion');
  return found;
})()`;
