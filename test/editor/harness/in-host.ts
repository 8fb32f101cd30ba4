// Runs a test module inside the extension host of a real VS Code, the way VS Code's own integration tests do: the
// workbench is opened in a browser with test parameters and reports through functions of the page.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createProfile, startServer } from '../../../scripts/editor/server.ts';
import { launchBrowser } from './browser.ts';
import { runFolder } from './folders.ts';
import { once } from './once.ts';

/** One test of the module, as its mocha reporter wrote it. */
export interface HostTest {
  readonly title: string;
  readonly error: string | undefined;
}

/** What to run, all paths absolute. */
export interface HostRun {
  /** Short name; names the folder below out/. */
  readonly name: string;
  /** Extensions loaded from source folders. */
  readonly extensions: readonly string[];
  /** Module that exports `run(): Promise<void>`. It writes its results to the file named by VESTIBULE_TEST_RESULTS. */
  readonly testModule: string;
  /** Folder to open. */
  readonly workspace: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Variables of the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Longest time for all tests together. */
  readonly timeoutMs: number;
}

/**
 * Runs the module in a fresh profile.
 * @returns the outcome of every test it ran
 * @throws Error when VS Code or the module did not get as far as reporting; what VS Code printed is in out/NAME
 */
export async function runInHost(run: HostRun): Promise<readonly HostTest[]> {
  const folder = runFolder(run.name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const results = path.join(folder, 'results.jsonl');
  const profile = await createProfile(path.join(folder, 'profile'), run.settings);
  const server = await startServer(profile, {
    testDriver: true,
    trustEverything: true,
    env: { ...run.env, VESTIBULE_TEST_RESULTS: results },
  });
  const log: string[] = [];
  try {
    const uri = (file: string): string => `vscode-remote://${server.authority}${toUriPath(file)}`;
    const payload = [
      ...run.extensions.map((extension) => ['extensionDevelopmentPath', uri(extension)]),
      ['extensionTestsPath', uri(run.testModule)],
      ['skipWelcome', 'true'],
    ];
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      page.on('console', (message) => log.push(`[page ${message.type()}] ${message.text()}`));
      const exit = once<number>();
      await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
        log.push(`[${type}] ${args.map(String).join(' ')}`);
      });
      await page.exposeFunction('codeAutomationExit', exit.resolve);
      await page.goto(server.url({ folder: toUriPath(run.workspace), payload: JSON.stringify(payload) }));
      const code = await exit.within(run.timeoutMs).catch(async (error: unknown) => {
        await page.screenshot({ path: path.join(folder, 'end.png') });
        throw error;
      });
      const tests = await readResults(results);
      if (code !== 0 && !tests.some(({ error }) => error !== undefined)) {
        throw new Error(`the test module ended with code ${code} without a failed test\n${log.slice(-40).join('\n')}`);
      }
      return tests;
    } finally {
      await browser.close();
    }
  } finally {
    await writeFile(path.join(folder, 'workbench.log'), log.join('\n'));
    await writeFile(path.join(folder, 'server.log'), server.output());
    await server.stop();
  }
}

/** `C:\a` → `/C:/a`: what goes into a vscode-remote URI. */
function toUriPath(file: string): string {
  const slashes = file.replaceAll('\\', '/');
  return slashes.startsWith('/') ? slashes : `/${slashes}`;
}

async function readResults(file: string): Promise<readonly HostTest[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HostTest);
}
