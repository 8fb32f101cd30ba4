// The agents that the suite `agents` runs, as npm has them.
import path from 'node:path';
import { root } from '../lib/exec.mjs';

/** One agent, installed in a folder of its own. */
export interface AgentPackage {
  readonly name: 'claude' | 'codex' | 'gemini' | 'inspector';
  readonly package: string;
  /** Exact: what docs/clients.md says was observed with this one. */
  readonly version: string;
  /** Program inside the package, run by Node. */
  readonly program: string;
}

export const AGENTS: readonly AgentPackage[] = [
  // Its own start script looks for the program of the platform; the install script would only copy that.
  { name: 'claude', package: '@anthropic-ai/claude-code', version: '2.1.329', program: 'cli-wrapper.cjs' },
  { name: 'codex', package: '@openai/codex', version: '0.169.0', program: 'bin/codex.js' },
  { name: 'gemini', package: '@google/gemini-cli', version: '0.61.0', program: 'bundle/gemini.js' },
  { name: 'inspector', package: '@modelcontextprotocol/inspector', version: '2.12.0', program: 'clients/launcher/build/index.js' },
];

/** True where every agent has to run: the platform of continuous integration. Elsewhere one may lack a package. */
export const mustRun = process.platform === 'linux' && process.arch === 'x64';

/** Folder an agent is installed in; one for each version. */
export function folderOf({ name, version }: AgentPackage): string {
  return path.join(root, '.vscode-test', 'agents', `${name}-${version}`);
}

/** The agent's program. */
export function programOf(agent: AgentPackage): string {
  return path.join(folderOf(agent), 'node_modules', ...agent.package.split('/'), ...agent.program.split('/'));
}
