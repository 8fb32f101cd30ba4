import type { Page } from 'playwright-core';
import type { Workbench } from './workbench.ts';

/** Who signs in. */
export const WHO = 'anna@example.com';

const SLOW = { timeout: 60_000 };

/** Takes a picture of a page under a name. */
export type Take = (name: string, page: Page) => Promise<void>;

/** Approves the launch of an HTTP server of the workspace. */
export async function approveHttpLaunch(workbench: Workbench, server: string): Promise<void> {
  await workbench.openContainer('Vestibule');
  await workbench.openReview(workbench.treeRow(/^Connect to /).first(), `Review of ${server}`);
  await workbench.runCommand('Vestibule: Approve…');
  await workbench.answer('Approve Launch');
}

/** Starts a sign-in by the row of the server, looks at the address, and has it opened. @returns the page in the browser */
export async function openSignIn(workbench: Workbench, server: string, host: string, take: Take): Promise<Page> {
  await workbench.treeRow(new RegExp(`${server}.*sign in needed`)).first().waitFor(SLOW);
  await take('1-needed', workbench.page);
  await workbench.runCommand('Vestibule: Sign In');
  await workbench.choose(server);
  return openAddress(workbench, host, take);
}

/** Looks at the address of a sign-in that was asked for, and has it opened. @returns the page in the browser */
export async function openAddress(workbench: Workbench, host: string, take: Take): Promise<Page> {
  await workbench.dialog().getByText(host).first().waitFor(SLOW);
  await take('2-address', workbench.page);
  const opened = workbench.page.context().waitForEvent('page', { timeout: 60_000 });
  opened.catch(() => undefined);
  await workbench.dialog().getByRole('button', { name: 'Open in Browser' }).click(SLOW);
  // The editor asks for itself, about sites that it was not told to trust.
  await workbench.dialog().getByText('external website').waitFor(SLOW);
  await workbench.dialog().getByRole('button', { name: 'Open', exact: true }).click(SLOW);
  const page = await opened;
  await page.getByLabel('Email').waitFor(SLOW);
  return page;
}

/** Clicks through the pages of the authorization server. @param who signs in there */
export async function clickThrough(page: Page, answer: 'Allow' | 'Deny', take: Take, who: string = WHO): Promise<void> {
  await page.getByLabel('Email').fill(who, SLOW);
  await take('3-who', page);
  await page.getByRole('button', { name: 'Continue' }).click(SLOW);
  await page.getByRole('button', { name: answer }).waitFor(SLOW);
  await take('4-consent', page);
  await page.getByRole('button', { name: answer }).click(SLOW);
}
