import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import type { Endpoint } from '../proxy/downstream/types.ts';
import type { ChosenProfile } from './chosen-profile.ts';
import type { GatewayHost } from './gateway-host.ts';
import { PROVIDER_ID, PROVIDER_LABEL } from './ids.ts';
import { VersionWatch } from './present/version-watch.ts';

/** What VS Code's own agents are given: where the endpoint is and how to enter. */
export interface EndpointSource {
  /** Starts listening if need be. @throws when the gateway cannot be made or bound */
  listen(): Promise<Endpoint>;
  readonly token: string;
}

/**
 * Tells VS Code about the endpoint. URL and header are final in `provide`: other harnesses copy the definition as it
 * is provided and never resolve it. The token stays the same for the whole activation, because VS Code stops a server
 * whose definition differs from the running one.
 * @param profile what these agents see, by the path of the URL
 * @param onFailure hears why VS Code got nothing
 */
export function registerProvider(host: GatewayHost, source: EndpointSource, profile: ChosenProfile, onFailure: (error: unknown) => void): Disposable {
  const store = new DisposableStore();
  const changed = store.add(new vscode.EventEmitter<void>());
  const watch = new VersionWatch();
  store.add(
    host.onDidChange(() => {
      if (watch.isOutdated(host.snapshot())) changed.fire();
    }),
  );
  store.add(profile.onDidChange(() => changed.fire()));
  store.add(
    vscode.lm.registerMcpServerDefinitionProvider(PROVIDER_ID, {
      onDidChangeMcpServerDefinitions: changed.event,
      async provideMcpServerDefinitions() {
        try {
          const url = profile.urlAt(await source.listen());
          const snapshot = host.snapshot();
          watch.provided(snapshot);
          const headers = { Authorization: `Bearer ${source.token}` };
          return [new vscode.McpHttpServerDefinition(PROVIDER_LABEL, vscode.Uri.parse(url, true), headers, snapshot.version)];
        } catch (error) {
          watch.withheld();
          onFailure(error);
          // An empty list keeps VS Code from showing an error of its own beside ours.
          return [];
        }
      },
    }),
  );
  return store;
}
