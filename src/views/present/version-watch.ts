import type { GatewaySnapshot } from '../../proxy/api.ts';

/**
 * Decides when VS Code has to be told of a new definition. While its agent is connected the answer is never: it
 * hears `list_changed`, and a new definition would make VS Code end the connection in the middle of a call.
 */
export class VersionWatch {
  #told: string | undefined;

  /** This state was just handed to VS Code. */
  provided(snapshot: GatewaySnapshot): void {
    this.#told = key(snapshot);
  }

  /** VS Code asked and got nothing, so it must be told as soon as there is something. */
  withheld(): void {
    this.#told = '';
  }

  /** True once per new version that VS Code does not know and would not learn by itself. */
  isOutdated(snapshot: GatewaySnapshot): boolean {
    if (this.#told === undefined || snapshot.version === '' || key(snapshot) === this.#told) return false;
    if (snapshot.sessions.some(({ kind }) => kind === 'editor')) return false;
    this.#told = key(snapshot);
    return true;
  }
}

function key({ version, endpoint }: GatewaySnapshot): string {
  return `${endpoint?.url ?? ''} ${version}`;
}
