import type { MenuMode } from '../config/types.ts';

const MAX_SERVERS = 40;
/** Characters of our own part. */
const MAX_LENGTH = 2_000;
/** Bytes of one server's part, and of all of them. */
const MAX_BLOCK_BYTES = 2 * 1024;
const MAX_BLOCKS_BYTES = 8 * 1024;

/** What one server tells the model, as a person approved it. */
export interface ServerInstructions {
  readonly server: string;
  readonly text: string;
}

/**
 * What agents get as server instructions: how to use the menu, and which servers stand behind it; then what each of
 * these says itself, under its configured name and within bounds.
 * @param custom the person's own instructions (`gateway.instructions`), which come first
 * @param blocks approved instructions, in the order in which they fill what room there is
 */
export function gatewayInstructions(mode: MenuMode, servers: readonly string[], custom: string | undefined, blocks: readonly ServerInstructions[]): string | undefined {
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
  const own = parts.length === 0 ? [] : [parts.join('\n\n').slice(0, MAX_LENGTH)];
  const all = [...own, ...within(blocks)];
  return all.length === 0 ? undefined : all.join('\n\n');
}

function within(blocks: readonly ServerInstructions[]): string[] {
  const fitting: string[] = [];
  let left = MAX_BLOCKS_BYTES;
  for (const { server, text } of blocks) {
    const block = cut(`## ${server}\n${text.trim()}`, Math.min(MAX_BLOCK_BYTES, left));
    if (block === undefined) break;
    fitting.push(block);
    left -= Buffer.byteLength(block);
  }
  return fitting;
}

/** As much of a text as fits, ending in a mark where something is left out; undefined where hardly anything would. */
function cut(text: string, bytes: number): string | undefined {
  const whole = Buffer.from(text, 'utf8');
  if (whole.length <= bytes) return text;
  if (bytes < MAX_BLOCK_BYTES / 8) return undefined;
  let end = bytes - 4;
  // A code point is never cut: its later bytes all begin with the bits 10.
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${whole.toString('utf8', 0, end)}\n…`;
}
