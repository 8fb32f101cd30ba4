// Frames and memory of the inspector's page with 100,000 calls, in Chromium, over a journal that has them. `npm run
// build` first.
import { readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { inspectorPage } from '../../src/views/inspector/page.ts';
import { callPage } from '../../src/views/inspector/call-pages.ts';
import type { CallQuery, CallRow } from '../../src/views/inspector/messages.ts';
import { root } from '../../scripts/lib/exec.mjs';
import { launchBrowser } from '../../test/editor/harness/browser.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';
import { recordCalls } from './calls.ts';

const CALLS = 100_000;

/** Stands in for the editor, with a host that reads a journal. Runs in the page. */
function fakeEditor(): void {
  const page = globalThis as unknown as { postMessage(message: unknown, origin: string): void; acquireVsCodeApi: () => unknown; tell: (rows: readonly CallRow[]) => void };
  const say = (message: unknown): void => page.postMessage(message, '*');
  page.tell = (rows) => say({ type: 'called', rows });
  page.acquireVsCodeApi = () => ({
    getState: () => undefined,
    setState: () => undefined,
    postMessage: (message: { type: string; id: number; method: string; params: CallQuery }) => {
      if (message.type === 'ready') say({ type: 'welcome', language: 'en', texts: {} });
      if (message.type !== 'request') return;
      const { id, method, params } = message;
      if (method !== 'calls') return say({ type: 'error', id, message: 'Not here.', action: '' });
      void fetch('/ask', { method: 'POST', body: JSON.stringify(params) }).then(async (response) => say({ type: 'answer', id, answer: await response.json() }));
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

const { dir, journal } = await recordCalls(CALLS);
const gateway = { calls: journal.query.bind(journal) };
await callPage(gateway, { text: 'the index is read once', outcome: undefined });
const server = createServer((request, response) => void respond(request.url ?? '', request).then(({ type, body }) => response.setHeader('content-type', type).end(body)));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
// The page may ask nobody; here it asks the host that is not in its window.
const html = inspectorPage({ cspSource: origin, language: 'en', nonce: 'a', styleNonce: 'b', script: `${origin}/main.js`, style: `${origin}/inspector.css` }).replace("default-src 'none'", "default-src 'none'; connect-src 'self'");
const files: Readonly<Record<string, readonly [type: string, file: string]>> = { '/main.js': ['text/javascript', 'dist/webview/main.js'], '/inspector.css': ['text/css', 'media/inspector.css'] };
async function respond(url: string, body: IncomingMessage): Promise<{ readonly type: string; readonly body: string | Uint8Array }> {
  const [type, file] = files[url] ?? ['text/html', ''];
  if (file !== '') return { type, body: await readFile(path.join(root, file)) };
  if (url !== '/ask') return { type, body: html };
  const asked = JSON.parse(await text(body)) as CallQuery;
  return { type: 'application/json', body: JSON.stringify(await callPage(gateway, asked)) };
}
const browser = await launchBrowser(['--enable-precise-memory-info', '--js-flags=--expose-gc']);
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.on('pageerror', (error) => console.error(error));
await page.addInitScript(fakeEditor);
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await work();
  return performance.now() - before;
};
const heap = (): Promise<number> => page.evaluate('gc(), performance.memory.usedJSHeapSize / 1048576');
const status = (hasText: string | RegExp): Promise<void> => page.locator('#calls-status', { hasText }).waitFor({ timeout: 120_000 });

const first = await timed(async () => {
  await page.goto(origin);
  await page.locator('#calls-body button').first().waitFor();
});
const all = await timed(() => status(`${CALLS} calls`));
const before = await heap();
const frames = await page.evaluate(scroll, 300);
const sorting = await timed(() => page.getByRole('columnheader', { name: 'Duration' }).getByRole('button').click());
const sorted = await page.evaluate(scroll, 300);
const [newest] = (await callPage(gateway, { text: '', outcome: undefined })).rows;
await page.evaluate(([row, from]) => {
  const { tell } = globalThis as unknown as { tell: (rows: readonly unknown[]) => void };
  for (let i = 1; i <= 200; i++) tell([{ ...row, seq: from + i }]);
}, [newest, newest?.seq ?? 0] as const);
const live = await page.evaluate(scroll, 100);
/** Types a filter; until the page shows the first of what matches, and until it has all. */
const filter = async (typed: string, found: string): Promise<readonly [first: number, all: number]> => {
  await page.locator('#calls-text input').fill('tool:none');
  await status('No call matches');
  let first = 0;
  const all = await timed(async () => {
    first = await timed(async () => {
      await page.locator('#calls-text input').fill(typed);
      await page.locator('#calls-body button').first().waitFor();
    });
    await page.locator('#calls-status', { hasText: new RegExp(`^${found} of \\d+ calls`) }).waitFor({ timeout: 120_000 });
    await page.locator('#calls-scroll[aria-busy="false"]').waitFor({ timeout: 120_000 });
  });
  return [first, all];
};
const byColumn = await filter('agent:agent-3', '20000');
const narrowed = await timed(async () => {
  await page.locator('#calls-text input').fill('agent:agent-3 server:server-8');
  await status(/^2000 of/);
});
const byText = await filter('item 77777', '1');
const byCommonText = await filter('help wanted', '\\d{6}');
await report('inspector', [
  { what: 'first rows', ms: ms(first) },
  { what: 'all 100,000 calls', ms: ms(all) },
  { what: 'a frame of scrolling, median', ms: ms(quantile(frames, 0.5)) },
  { what: 'a frame of scrolling, 99 of 100 below', ms: ms(quantile(frames, 0.99)) },
  { what: 'ordering by duration', ms: ms(sorting) },
  { what: 'a frame of scrolling while ordered, 99 of 100 below', ms: ms(quantile(sorted, 0.99)) },
  { what: 'a frame while 200 calls come in, 99 of 100 below', ms: ms(quantile(live, 0.99)) },
  { what: 'filtering by agent to 20,000 calls', ms: ms(byColumn[1]) },
  { what: 'narrowing that to 2,000', ms: ms(narrowed) },
  { what: 'one call by text in its arguments', ms: ms(byText[1]) },
  { what: 'text in the arguments of all, first calls', ms: ms(byCommonText[0]) },
  { what: 'text in the arguments of all, all of them', ms: ms(byCommonText[1]) },
  { what: 'memory with 100,000 calls, MB', ms: before.toFixed(1) },
  { what: 'rows in the document', ms: String(await page.locator('#calls-body tr').count()) },
]);
await page.locator('#calls-body button').first().click();
await page.screenshot({ path: path.join(root, 'out', 'inspector-bench.png') });
await browser.close();
server.close();
await journal.close();
await rm(dir, { recursive: true });
