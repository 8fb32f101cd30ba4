/* A person signs in with a real browser: their clicks, real redirects, and what they see in the end. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../editor/harness/browser.ts';
import { browserPerson, openHouse, signInAt, type KeysHouse } from '../fixtures/oauth/house.ts';
import { startProvider, type Provider } from '../fixtures/oauth/provider.ts';
import type { Account } from '../../src/oauth/core/accounts.ts';

const WHO = 'anna@example.com';
const LONG = { timeout: 60_000 };

/** A sign-in whose page is open. */
interface Started {
  readonly page: Page;
  /** The address that the person was sent to. */
  readonly address: string;
  readonly done: Promise<Account>;
}

describe('signing in with a browser', { timeout: 240_000 }, () => {
  let browser: Browser;
  let provider: Provider;
  let house: KeysHouse;

  before(async () => {
    browser = await launchBrowser();
    provider = await startProvider({ pages: true });
    house = await openHouse();
  });
  after(async () => {
    await browser.close();
    await provider.close();
  });

  async function start(options: { readonly signal?: AbortSignal } = {}): Promise<Started> {
    const page = await browser.newPage();
    let opened: (address: string) => void = () => undefined;
    const address = new Promise<string>((resolve) => (opened = resolve));
    const person = browserPerson({
      open: async (url) => {
        await page.goto(url.href, LONG);
        opened(url.href);
        return undefined;
      },
    });
    const done = signInAt(house, provider.url, { person, personMs: 120_000, ...options });
    done.catch(() => undefined);
    return { page, address: await address, done };
  }

  async function login(page: Page): Promise<void> {
    await page.getByLabel('Email').fill(WHO, LONG);
    await page.getByRole('button', { name: 'Continue' }).click(LONG);
    await page.getByRole('button', { name: 'Allow' }).waitFor(LONG);
  }

  const sees = (page: Page, text: RegExp): Promise<void> => page.getByText(text).waitFor(LONG);

  it('who they are, what they allow: signed in, and the page says to go back', async () => {
    const { page, done } = await start();
    await login(page);
    await page.getByRole('button', { name: 'Allow' }).click(LONG);
    assert.equal((await done).label, WHO);
    await sees(page, /You can close this page and go back to your editor or terminal/);
    assert.match(page.url(), /^http:\/\/127\.0\.0\.1:\d+\/callback\?/);
    await page.close();
  });

  it('the page they end at loads nothing, and tells nobody where it came from', async () => {
    const { page, done } = await start();
    const loaded: string[] = [];
    await login(page);
    page.on('request', (request) => loaded.push(new URL(request.url()).pathname));
    await page.getByRole('button', { name: 'Allow' }).click(LONG);
    await done;
    await sees(page, /You can close this page/);
    assert.deepEqual(loaded.filter((path) => path !== '/favicon.ico'), ['/consent', '/callback']);
    await page.close();
  });

  it('they do not allow it: the page says so, and nothing is kept', async () => {
    const before = house.keys.activeAt(provider.url)?.since;
    const { page, done } = await start();
    await login(page);
    await page.getByRole('button', { name: 'Deny' }).click(LONG);
    await assert.rejects(done, { step: 'redirect', problem: 'declined' });
    await sees(page, /Access was not granted/);
    assert.equal(house.keys.activeAt(provider.url)?.since, before);
    await page.close();
  });

  it('a double click is one sign-in, and the page does not end in an error', async () => {
    const { page, done } = await start();
    await login(page);
    await page.getByRole('button', { name: 'Allow' }).dblclick(LONG);
    assert.equal((await done).label, WHO);
    await sees(page, /You can close this page/);
    await page.close();
  });

  it('the back button and a second answer: the page says that it is over, and the account stands', async () => {
    const { page, done } = await start();
    await login(page);
    await page.getByRole('button', { name: 'Allow' }).click(LONG);
    const { since } = await done;
    await sees(page, /You can close this page/);
    await page.goBack(LONG);
    await page.getByRole('button', { name: 'Allow' }).click(LONG);
    await sees(page, /This sign-in is over/);
    assert.equal(house.keys.activeAt(provider.url)?.since, since);
    await page.close();
  });

  it('they close the page and open the address again: it still works', async () => {
    const { page, address, done } = await start();
    await login(page);
    await page.close();
    const again = await browser.newPage();
    await again.goto(address, LONG);
    await login(again);
    await again.getByRole('button', { name: 'Allow' }).click(LONG);
    assert.equal((await done).label, WHO);
    await sees(again, /You can close this page/);
    await again.close();
  });

  it('they close the page and cancel: the next sign-in begins anew, and an old page cannot answer it', async () => {
    const cancel = new AbortController();
    const former = await start({ signal: cancel.signal });
    await login(former.page);
    cancel.abort();
    await assert.rejects(former.done, { problem: 'cancelled' });
    const { page, done } = await start();
    await former.page.getByRole('button', { name: 'Allow' }).click(LONG);
    await sees(former.page, /belongs to no sign-in that is under way/);
    await login(page);
    await page.getByRole('button', { name: 'Allow' }).click(LONG);
    await done;
    await sees(page, /You can close this page/);
    await page.close();
    await former.page.close();
  });
});
