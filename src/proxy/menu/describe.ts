import type { CatalogTool } from '../catalog/types.ts';
import type { RawReply } from '../model.ts';
import { nearNames } from '../pipeline/near.ts';
import { boundedReply, errorReply } from './answers.ts';
import { BadArgumentsError, type MenuArguments } from './arguments.ts';
import { MAX_DESCRIBED } from './definitions.ts';
import { plainJson, plainLine, plainText } from './plain-line.ts';
import type { MenuCaller, MenuDeps } from './types.ts';

/** `describe_tool`: everything a call needs to know of up to ten tools, as approved; cut to the response budget. */
export async function describeTools(args: MenuArguments, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  const wanted = args.strings('tools', MAX_DESCRIBED);
  if (wanted === undefined) throw new BadArgumentsError(`"tools" is required: a list of 1 to ${MAX_DESCRIBED} ids from retrieve_tools.`);
  const visible = deps.visible(caller.principal);
  const blocks: string[] = [];
  let known = 0;
  for (const requested of wanted) {
    const tool = deps.catalog.find(requested);
    if (tool !== undefined && visible(tool.id)) {
      known++;
      blocks.push(blockOf(tool));
    } else {
      // The same words for a tool that does not exist and one this caller may not see.
      const near = nearNames(requested, visibleTools(deps, visible));
      blocks.push(`${plainLine(requested.slice(0, 200))}: no such tool.${near.length === 0 ? '' : ` Did you mean ${near.map(plainLine).join(', ')}?`}`);
    }
  }
  const text = blocks.join('\n\n');
  if (known === 0) {
    return errorReply('unknown_tool', text, { retryable: false, action: 'Use ids that retrieve_tools returns.' });
  }
  return boundedReply(text, caller, deps);
}

function blockOf(tool: CatalogTool): string {
  const id = plainLine(tool.id);
  const lines = [tool.title === undefined ? id : `${id} — ${plainLine(tool.title)}`];
  const description = plainText(tool.description);
  if (description !== '') lines.push(description);
  lines.push(`arguments: ${plainJson(tool.inputSchema)}`);
  const hints = Object.entries(tool.annotations).filter(([name]) => name !== 'title');
  if (hints.length > 0) lines.push(`annotations: ${plainJson(Object.fromEntries(hints))}`);
  lines.push(`call with: ${tool.tier === 'read' ? 'call_tool_read' : 'call_tool'}`);
  return lines.join('\n');
}

function* visibleTools(deps: MenuDeps, visible: (id: CatalogTool['id']) => boolean): Iterable<CatalogTool> {
  for (const { tools } of deps.catalog.servers()) for (const tool of tools) if (visible(tool.id)) yield tool;
}
