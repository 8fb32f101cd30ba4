// Makes sure that the agents of the suite `agents` are on this machine: each from npm at its exact version, in
// .vscode-test/agents, once. No script of theirs runs at installation.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main, npm, say } from '../lib/exec.mjs';
import { AGENTS, folderOf, mustRun, programOf, type AgentPackage } from './agents.ts';

await main('ensure-agents', async () => {
  for (const agent of AGENTS) {
    try {
      if (!existsSync(programOf(agent))) await install(agent);
    } catch (error) {
      if (mustRun) throw error;
      // The suite says again that it is missing.
      say('ensure-agents', `${agent.package}@${agent.version} cannot be installed on ${process.platform}-${process.arch}`);
      continue;
    }
    say('ensure-agents', `${agent.package}@${agent.version}`);
  }
});

async function install(agent: AgentPackage): Promise<void> {
  say('ensure-agents', `installing ${agent.package}@${agent.version}`);
  const folder = folderOf(agent);
  await mkdir(path.dirname(folder), { recursive: true });
  // A half-finished installation must never look like a whole one.
  const making = await mkdtemp(`${folder}-`);
  try {
    await writeFile(path.join(making, 'package.json'), JSON.stringify({ private: true, dependencies: { [agent.package]: agent.version } }));
    await npm(['install', '--prefix', making, '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: making });
    await rm(folder, { recursive: true, force: true });
    await rename(making, folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
