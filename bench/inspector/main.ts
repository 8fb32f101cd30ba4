// Frames and memory of the inspector's page with 100,000 calls, in Chromium, with a host that answers as the real one
// does. `npm run build` first.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { inspectorPage } from '../../src/views/inspector/page.ts';
import type { CallRow } from '../../src/views/inspector/messages.ts';
import { root } from '../../scripts/lib/exec.mjs';
import { launchBrowser } from '../../test/editor/harness/browser.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';

const CALLS = 100_000;
const ORIGIN = 'http://inspector.test';

/** Stands in for the editor: 100,000 calls, page by page. Runs in the page. */
function fakeEditor(calls: number): void {
  const row = (seq: number): CallRow => ({ seq, time: 1_790_000_000_000 + seq * 1000, id: `call-${seq}`, agent: `agent-${seq % 5}`, client: 'bench 1', server: `server-${seq % 50}`, tool: `tool-${seq % 997}`, route: 'call_tool', outcome: seq % 50 === 7 ? 'tool_error' : 'ok', code: undefined, durationMs: (seq * 37) % 900, bytesIn: 100, bytesOut: seq % 5000, tokensOut: seq % 700, truncated: false, bytesWhole: undefined, kept: false, findings: 0 });
  const page = globalThis as unknown as { postMessage(message: unknown, origin: string): void; acquireVsCodeApi: () => unknown; tell: (seq: number) => void };
  const say = (message: unknown): void => page.postMessage(message, '*');
  page.tell = (seq) => say({ type: 'called', rows: [row(seq)] });
  page.acquireVsCodeApi = () => ({
    getState: () => undefined,
    setState: () => undefined,
    postMessage: (message: { type: string; id: number; method: string; params: { before?: number; text?: string } }) => {
      if (message.type === 'ready') say({ type: 'welcome', language: 'en', texts: {} });
      if (message.type !== 'request') return;
      const { id, method, params } = message;
      if (method !== 'calls') return say({ type: 'error', id, message: 'Not here.', action: '' });
      const before = params.before ?? calls;
      const from = Math.max(0, before - (params.before === undefined ? 200 : 2_000));
      const rows = Array.from({ length: before - from }, (_, i) => row(before - 1 - i)).filter(({ agent }) => params.text === '' || agent === params.text);
      say({ type: 'answer', id, answer: { rows, before: from === 0 ? undefined : from } });
    },
  });
}

/** Scrolls through the table and says how long each frame took, in milliseconds. Runs in the page. */
async function scroll(frames: number): Promise<number[]> {
  const view = globalThis as unknown as { document: { getElementById(id: string): { scrollTop: number; scrollHeight: number } }; requestAnimationFrame(run: (at: number) => void): void };
  const scroller = view.document.getElementById('calls-scroll');
  const times: number[] = [];
  let before = 0;
  for (let i = 0; i < frames; i++) {
    scroller.scrollTop = ((i * 7_919) % frames) * (scroller.scrollHeight / frames);
    const at = await new Promise<number>((resolve) => view.requestAnimationFrame(resolve));
    if (i > 0) times.push(at - before);
    before = at;
  }
  return times;
}

const html = inspectorPage({ cspSource: ORIGIN, language: 'en', nonce: 'a', styleNonce: 'b', script: `${ORIGIN}/main.js`, style: `${ORIGIN}/inspector.css` });
const files: Readonly<Record<string, readonly [type: string, file: string]>> = { '/main.js': ['text/javascript', 'dist/webview/main.js'], '/inspector.css': ['text/css', 'media/inspector.css'] };
const browser = await launchBrowser(['--enable-precise-memory-info', '--js-flags=--expose-gc']);
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.on('pageerror', (error) => console.error(error));
await page.addInitScript(fakeEditor, CALLS);
await page.route(`${ORIGIN}/**`, async (route) => {
  const [type, file] = files[new URL(route.request().url()).pathname] ?? ['text/html', ''];
  await route.fulfill({ contentType: type, body: file === '' ? html : await readFile(path.join(root, file)) });
});
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await work();
  return performance.now() - before;
};
const heap = (): Promise<number> => page.evaluate('gc(), performance.memory.usedJSHeapSize / 1048576');
const status = (text: string): Promise<void> => page.locator('#calls-status', { hasText: text }).waitFor({ timeout: 120_000 });

const first = await timed(async () => {
  await page.goto(ORIGIN);
  await page.locator('#calls-body button').first().waitFor();
});
const all = await timed(() => status(`${CALLS} calls`));
const before = await heap();
const frames = await page.evaluate(scroll, 300);
const sorting = await timed(() => page.getByRole('columnheader', { name: 'Duration' }).getByRole('button').click());
const sorted = await page.evaluate(scroll, 300);
await page.evaluate('for (let i = 0; i < 200; i++) tell(100000 + i)');
const live = await page.evaluate(scroll, 100);
const filtering = await timed(async () => {
  await page.locator('#calls-text input').fill('agent-3');
  await status(`${CALLS / 5} calls`);
});
await report('inspector', [
  { what: 'first rows', ms: ms(first) },
  { what: 'all 100,000 calls', ms: ms(all) },
  { what: 'a frame of scrolling, median', ms: ms(quantile(frames, 0.5)) },
  { what: 'a frame of scrolling, 99 of 100 below', ms: ms(quantile(frames, 0.99)) },
  { what: 'ordering by duration', ms: ms(sorting) },
  { what: 'a frame of scrolling while ordered, 99 of 100 below', ms: ms(quantile(sorted, 0.99)) },
  { what: 'a frame while 200 calls come in, 99 of 100 below', ms: ms(quantile(live, 0.99)) },
  { what: 'filtering to 20,000 calls', ms: ms(filtering) },
  { what: 'memory with 100,000 calls, MB', ms: before.toFixed(1) },
  { what: 'rows in the document', ms: String(await page.locator('#calls-body tr').count()) },
]);
await page.locator('#calls-body button').first().click();
await page.screenshot({ path: path.join(root, 'out', 'inspector-bench.png') });
await browser.close();
