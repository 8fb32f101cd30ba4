import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Workbench } from './workbench.ts';

/** Where an agent outside the editor comes in. */
export interface Door {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Connects Cursor to the window, as a person does, by the dialogs, over HTTP.
 * @param home folder that the editor takes for the person's home
 * @param scope what it may use, as the list says it
 * @param servers how many servers there are; of several, all are ticked
 */
export async function connectCursor(workbench: Workbench, home: string, scope: string, servers = 1): Promise<Door> {
  await workbench.runCommand('Vestibule: Connect Agent…');
  await workbench.choose('Cursor');
  await workbench.choose(scope);
  if (servers > 1) await workbench.takeTicked();
  await workbench.choose('Over HTTP');
  await workbench.answer('Connect');
  await workbench.notification('Connected Cursor').waitFor({ timeout: 60_000 });
  const { mcpServers } = JSON.parse(await readFile(path.join(home, '.cursor', 'mcp.json'), 'utf8')) as { mcpServers: { vestibule: Door } };
  return mcpServers.vestibule;
}

/** An agent that came in by a door. Closing it ends its session. */
export async function agentAt({ url, headers }: Door): Promise<Client> {
  const client = new Client({ name: 'cursor', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}
