import type { RawJson } from '../model.ts';

/** What the endpoint calls itself. VS Code builds tool ids from `title`: it must stay short and stable. */
export interface ServerInfo {
  readonly name: string;
  readonly title: string;
  readonly version: string;
}

/** The raw `serverInfo` object. */
export function writeServerInfo({ name, title, version }: ServerInfo): RawJson {
  return JSON.stringify({ name, title, version });
}
