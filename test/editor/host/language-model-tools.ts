import * as vscode from 'vscode';

/** How often VS Code is asked for its tools, in milliseconds; it has no event for them. */
const LOOK_MS = 100;

/**
 * A tool as VS Code offers it to models. VS Code starts MCP servers with a chat; here they are started by its command,
 * which knows a server only some time after the extension registered it.
 * @param name end of its name: VS Code puts `mcp_SERVER_` before it
 */
export async function languageModelTool(name: string): Promise<vscode.LanguageModelToolInformation> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = vscode.lm.tools.find((candidate) => candidate.name.endsWith(name));
    if (found !== undefined) return found;
    await vscode.commands.executeCommand('workbench.mcp.startServer', '*', { waitForLiveTools: true });
    if (Date.now() > deadline) throw new Error(`no tool ${name} among ${vscode.lm.tools.map((each) => each.name).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Waits until VS Code offers models no tool whose name ends so. @throws Error when it still does in the end */
export async function untilToolIsGone(name: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (vscode.lm.tools.some((each) => each.name.endsWith(name))) {
    if (Date.now() > deadline) throw new Error(`${name} is still offered`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Calls a tool as VS Code does for a model. @returns the text of its result */
export async function callTool(name: string, input: object): Promise<string> {
  const tool = await languageModelTool(name);
  const { content } = await vscode.lm.invokeTool(tool.name, { input, toolInvocationToken: undefined });
  return content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
}
