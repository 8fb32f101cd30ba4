import type { Disposable } from '../proxy/events.ts';
import type { Dialogs } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';
import type { WorkspaceNews } from './present/workspace-notice.ts';

/** What telling of a workspace works with. */
export interface WorkspaceNoticeParts {
  readonly host: Pick<GatewayHost, 'snapshot' | 'state' | 'onDidChange'>;
  readonly dialogs: Pick<Dialogs, 'inform'>;
  /** Of the workspace: whether it was told before that the folder brings servers. */
  readonly memento: { get(key: string): unknown; update(key: string, value: unknown): PromiseLike<void> };
  readonly setUp: () => unknown;
  /** Puts it into words. */
  readonly say: (news: WorkspaceNews) => { readonly message: string; readonly label: string };
}

const TOLD_KEY = 'toldOfServers';

/**
 * Explains a folder that brings servers at its first open, and each content of a lock file that waits for the person;
 * nothing is asked until they want to look.
 */
export function noticeWorkspace({ dialogs, host, memento, say, setUp }: WorkspaceNoticeParts): Disposable {
  const noticed = new Set<string>();
  let opened = false;
  let led = false;
  const look = (): void => {
    if (host.state.kind !== 'running') return;
    const { lock, upstreams } = host.snapshot();
    const brought = upstreams.filter(({ config }) => config.origin === 'workspace' && config.enabled);
    // What a person adds later is no news to them.
    const first = !opened && brought.length > 0 && brought.every(({ launch }) => !launch.approved) && memento.get(TOLD_KEY) !== true;
    opened = true;
    const fresh = lock.asks && lock.digest !== undefined && !noticed.has(lock.digest);
    if (!first && !fresh) return;
    // Whoever was led through a folder that was not trusted yet sees its lock file on the way.
    const known = led && noticed.size === 0;
    if (lock.digest !== undefined) noticed.add(lock.digest);
    if (first) void memento.update(TOLD_KEY, true);
    if (known) return;
    const { label, message } = say({ first, fresh, lock, servers: brought.length });
    dialogs.inform(message, {
      label,
      run: () => {
        led = true;
        return setUp();
      },
    });
  };
  look();
  return host.onDidChange(look);
}
