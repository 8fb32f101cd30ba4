import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';

const ATTACKS = fileURLToPath(new URL('attacks.js', import.meta.url));

/** A web page of somebody else, in a real browser. */
export interface ForeignPage extends AsyncDisposable {
  readonly page: Page;
  readonly origin: string;
  /** Answers from elsewhere that the browser got, as "METHOD URL STATUS". */
  readonly answers: readonly string[];
}

/** Opens a page whose origin is another port of this machine. */
export async function openForeignPage(browser: Browser): Promise<ForeignPage> {
  const site = createServer((_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>kittens</title><body>'));
  await once(site.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const page = await hostilePage(browser);
  const answers: string[] = [];
  page.on('response', (response) => {
    if (!response.url().startsWith(origin)) answers.push(`${response.request().method()} ${response.url()} ${response.status()}`);
  });
  await page.goto(origin);
  return {
    page,
    origin,
    answers,
    async [Symbol.asyncDispose]() {
      await page.context().close();
      site.closeAllConnections();
      site.close();
      await once(site, 'close');
    },
  };
}

/** A page that knows the attacks, wherever it goes. */
export async function hostilePage(browser: Browser): Promise<Page> {
  const context = await browser.newContext();
  await context.addInitScript({ path: ATTACKS });
  return context.newPage();
}

/** Runs one of the attacks in the page. */
export function attack<Outcome>(page: Page, name: string, argument: unknown): Promise<Outcome> {
  return page.evaluate<Outcome>(`attacks.${name}(${JSON.stringify(argument)})`);
}
