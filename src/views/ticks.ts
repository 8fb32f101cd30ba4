import { editServersFile, globOf, setServerEnabled, setToolServed, type ServersEdit } from '../proxy/config/edit.ts';
import { compileFilter } from '../proxy/policy/tool-filter.ts';
import type { GatewaySnapshot } from '../proxy/api.ts';
import type { Dialogs } from './dialogs.ts';
import { t } from './l10n.ts';
import { findUpstream, type Target } from './target.ts';
import { oneLine } from './text.ts';

/** A box of the Upstreams view that was ticked or cleared. */
export interface Tick {
  readonly target: Target | undefined;
  readonly on: boolean;
}

/**
 * Writes what boxes ask for into the servers files that the servers come from: a server's into `enabled`, a tool's
 * into `tools.deny` and `tools.allow`. A tool that a glob keeps out stays out, and is told of.
 * @returns whether a file was edited
 * @throws VestibuleError of `editServersFile`
 */
export async function applyTicks(ticks: readonly Tick[], { upstreams }: Pick<GatewaySnapshot, 'upstreams'>, dialogs: Pick<Dialogs, 'fail'>): Promise<boolean> {
  const edits = new Map<string, ServersEdit[]>();
  for (const { target, on } of ticks) {
    const upstream = target === undefined ? undefined : findUpstream(upstreams, target.server);
    if (target === undefined || upstream === undefined) continue;
    const { definition } = target;
    const { file, tools } = upstream.config;
    if (definition !== undefined && definition.kind !== 'tool') continue;
    if (definition !== undefined && on && isKeptByOthers(tools.deny, definition.name)) {
      dialogs.fail({ message: t('A glob in "tools.deny" of “{0}” keeps {1} from agents.', oneLine(upstream.name, 60), oneLine(definition.name, 80)), action: t('Narrow it in the servers file.') });
      continue;
    }
    const edit = definition === undefined ? setServerEnabled(upstream.name, on) : setToolServed(upstream.name, definition.name, on);
    edits.set(file, [...(edits.get(file) ?? []), edit]);
  }
  for (const [file, changes] of edits) await editServersFile(file, changes);
  return edits.size > 0;
}

/** Whether a tool stays out when its own name is taken from the list. */
function isKeptByOthers(deny: readonly string[], tool: string): boolean {
  return compileFilter(deny.filter((glob) => glob !== globOf(tool)), true)(tool);
}
