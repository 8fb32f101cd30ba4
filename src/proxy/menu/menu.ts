import type { RawReply } from '../model.ts';
import { errorReply } from './answers.ts';
import { BadArgumentsError, MenuArguments } from './arguments.ts';
import { callTool } from './call.ts';
import { executeCode } from './code.ts';
import { argumentNames, argumentSchema, menuDefinition, type MenuToolName } from './definitions.ts';
import { describeTools } from './describe.ts';
import { quarantineSecurity } from './quarantine.ts';
import { readCache } from './read-cache.ts';
import { retrieveTools } from './retrieve.ts';
import { upstreamServers } from './servers.ts';
import type { MenuCaller, MenuDeps, MenuTool } from './types.ts';

type Run = (args: MenuArguments, caller: MenuCaller, deps: MenuDeps) => RawReply | Promise<RawReply>;

/** What each menu tool does, in the order agents see them. */
const RUNS: { readonly [Name in MenuToolName]: Run } = {
  retrieve_tools: retrieveTools,
  describe_tool: describeTools,
  call_tool_read: (args, caller, deps) => callTool(args, true, caller, deps),
  call_tool: (args, caller, deps) => callTool(args, false, caller, deps),
  read_cache: readCache,
  upstream_servers: upstreamServers,
  quarantine_security: quarantineSecurity,
  code_execution: executeCode,
};

/** What a person's settings may hide. */
const OFFERED: ReadonlyMap<MenuToolName, (deps: MenuDeps) => boolean> = new Map([
  // A person who manages servers alone does not want agents to look after them either.
  ['upstream_servers', (deps) => deps.autonomy() !== 'manual'],
  ['quarantine_security', (deps) => deps.inspection.servers().length > 0],
  ['code_execution', (deps) => deps.codeExecution()],
]);

/** The names no upstream tool may be exposed under. */
export const MENU_NAMES: ReadonlySet<string> = new Set(Object.keys(RUNS));

/** The proxy's own tools (contract §4). */
export function createMenu(deps: MenuDeps): readonly MenuTool[] {
  return (Object.entries(RUNS) as [MenuToolName, Run][]).map(([name, run]) => ({
    name,
    definition: menuDefinition(name),
    offered: () => OFFERED.get(name)?.(deps) ?? true,
    async run(argumentsText, caller) {
      try {
        return await run(new MenuArguments(argumentsText, argumentNames(name)), caller, deps);
      } catch (error) {
        if (!(error instanceof BadArgumentsError)) throw error;
        return errorReply('invalid_arguments', `${error.message}\nThe schema is:\n${argumentSchema(name)}`, {
          retryable: true,
          action: `Correct the arguments of ${name} and call again.`,
        });
      }
    },
  }));
}
