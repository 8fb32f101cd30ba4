import type { MenuMode } from '../config/types.ts';

const MAX_SERVERS = 40;
const MAX_LENGTH = 2_000;

/**
 * What agents get as server instructions: how to use the menu, and which servers stand behind it. Server names
 * come from the person's own configuration; nothing of an upstream's text is in here.
 * @param custom the person's own instructions (`gateway.instructions`), which come first
 */
export function gatewayInstructions(mode: MenuMode, servers: readonly string[], custom: string | undefined): string | undefined {
  const parts: string[] = [];
  if (custom !== undefined && custom.trim() !== '') parts.push(custom.trim());
  if (servers.length > 0) {
    const named = servers.slice(0, MAX_SERVERS).join(', ') + (servers.length > MAX_SERVERS ? `, and ${servers.length - MAX_SERVERS} more` : '');
    if (mode === 'direct') parts.push(`Vestibule relays the tools of these servers: ${named}.`);
    else {
      parts.push(
        `Vestibule relays the tools of these servers: ${named}. They are not all listed: call retrieve_tools with a short phrase per need to find them, then call what it returns.`,
      );
    }
  }
  return parts.length === 0 ? undefined : parts.join('\n\n').slice(0, MAX_LENGTH);
}
