// A VS Code server with a profile of its own.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { StepError } from '../lib/exec.mjs';
import { startGroup } from './process-group.ts';
import { serverMain } from './vscode-install.ts';

/** Settings, extensions and state of one VS Code, in one folder. */
export interface Profile {
  readonly folder: string;
  readonly extensionsFolder: string;
  readonly userFolder: string;
}

/** A running VS Code server. */
export interface EditorServer {
  /** Remote authority of its folders and extensions: `127.0.0.1:PORT`. */
  readonly authority: string;
  /** Address of the workbench, with the secret that lets a browser in. */
  url(query?: Readonly<Record<string, string>>): string;
  /** What the server printed so far, for failure reports. */
  output(): string;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends it with its extension hosts. @throws Error when one of their children survives */
  stop(): Promise<void>;
}

/** No telemetry, no sign-in, no look-ups: nothing leaves the machine, and nothing covers what is being tested. */
const quietSettings = {
  'telemetry.telemetryLevel': 'off',
  'workbench.startupEditor': 'none',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.tips.enabled': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'window.commandCenter': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'git.enabled': false,
};

/**
 * Creates a fresh profile.
 * @param folder absolute; emptied by the caller if it existed
 * @param settings user settings on top of the quiet ones
 */
export async function createProfile(folder: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Profile> {
  const profile = {
    folder,
    extensionsFolder: path.join(folder, 'extensions'),
    userFolder: path.join(folder, 'data', 'User'),
  };
  await mkdir(profile.extensionsFolder, { recursive: true });
  await mkdir(profile.userFolder, { recursive: true });
  await writeFile(path.join(profile.userFolder, 'settings.json'), JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  return profile;
}

/** Installs a packaged extension, as a person would. @throws StepError when VS Code refuses it */
export async function installVsix(profile: Profile, vsix: string): Promise<void> {
  await promisify(execFile)(process.execPath, [serverMain, ...profileArgs(profile), '--install-extension', vsix, '--force'], {
    env: { ...process.env, ...serverEnvironment },
  }).catch((cause: unknown) => {
    throw new StepError(`VS Code could not install ${vsix}: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
}

/**
 * Starts VS Code on 127.0.0.1 and resolves when it accepts connections.
 * @param options.testDriver honour the workbench's test parameters (extensions under development, test modules)
 * @param options.env variables for the server, its extension hosts and all they start; undefined removes one
 * @throws StepError when it ends or stays silent for 60 s
 */
export async function startServer(
  profile: Profile,
  options: {
    readonly testDriver?: boolean;
    readonly trustEverything?: boolean;
    readonly env?: Readonly<Record<string, string | undefined>>;
  } = {},
): Promise<EditorServer> {
  const token = randomBytes(24).toString('hex');
  const tokenFile = path.join(profile.folder, 'connection-token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  const group = startGroup(
    process.execPath,
    [
      serverMain,
      ...profileArgs(profile),
      ...['--host', '127.0.0.1', '--port', '0', '--connection-token-file', tokenFile],
      ...(options.testDriver ? ['--enable-smoke-test-driver'] : []),
      ...(options.trustEverything ? ['--disable-workspace-trust'] : []),
    ],
    { env: { ...serverEnvironment, ...options.env } },
  );

  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > 2000) lines.shift();
  };
  const { stdout, stderr } = group.child;
  if (stdout === null || stderr === null) throw new StepError('the VS Code server has no output');
  createInterface(stderr).on('line', keep);
  const reader = createInterface(stdout).on('line', keep);
  const port = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new StepError(`VS Code did not start in 60 s\n${lines.join('\n')}`)), 60_000);
    group.child.once('close', () => reject(new StepError(`VS Code did not start\n${lines.join('\n')}`)));
    reader.on('line', (line) => {
      const found = /^Extension host agent listening on (\d+)$/.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  }).catch(async (error: unknown) => {
    await group.end();
    throw error;
  });

  const authority = `127.0.0.1:${port}`;
  return {
    authority,
    url: (query = {}) => `http://${authority}/?${new URLSearchParams({ tkn: token, ...query }).toString()}`,
    output: () => lines.join('\n'),
    ended: group.ended,
    stop: () => group.end(),
  };
}

function profileArgs(profile: Profile): string[] {
  return [
    '--accept-server-license-terms',
    ...['--server-data-dir', profile.folder, '--user-data-dir', path.join(profile.folder, 'data')],
    ...['--extensions-dir', profile.extensionsFolder],
  ];
}

/** A terminal of VS Code hands these down; a server that finds them takes itself for a child of that VS Code. */
const serverEnvironment = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => name.startsWith('VSCODE_') || name === 'CODE_SERVER_PARENT_PID' || name === 'ELECTRON_RUN_AS_NODE')
    .map((name) => [name, undefined]),
);
