import { contentOf, hasResources, refOf, resourcesRef } from '../catalog/definitions.ts';
import type { Catalog, CatalogPrompt, CatalogResource, ServerCatalog } from '../catalog/types.ts';
import type { Disposable, Event } from '../events.ts';
import type { ServerName } from '../model.ts';
import type { DefinitionRef, Withheld } from '../quarantine/types.ts';
import { ServedByServer } from './served-by-server.ts';

/** What one server may show beside its tools. */
export interface ServedServer {
  readonly server: ServerName;
  readonly prompts: readonly CatalogPrompt[];
  /** Empty unless resources are approved. */
  readonly resources: readonly CatalogResource[];
  readonly templates: readonly CatalogResource[];
  /** True when agents may read resources of this server at all. */
  readonly readable: boolean;
  readonly instructions: string | undefined;
}

/**
 * The prompts, resources, templates and instructions agents may see at all, kept ready so that lists and reads only
 * look them up.
 */
export class ServedContent implements Disposable {
  readonly #catalog: Catalog;
  readonly #withheld: (ref: DefinitionRef) => Withheld | undefined;
  readonly #served: ServedByServer<ServedServer>;
  readonly #prompts = new Map<string, CatalogPrompt>();

  /** @param withheld the gate: why this definition is not served now, or undefined when it is */
  constructor(catalog: Catalog, withheld: (ref: DefinitionRef) => Withheld | undefined) {
    this.#catalog = catalog;
    this.#withheld = withheld;
    this.#served = new ServedByServer(catalog, { of: (seen) => this.#contentOf(seen), same: isSame, changed: (before, all) => this.#keepPrompts(before, all) });
  }

  /** Fires after what is served of a server changed; not when nothing an agent can see did. */
  get onDidChange(): Event<{ readonly server: ServerName }> {
    return this.#served.onDidChange;
  }

  /** Grows with every change of what is served. */
  get version(): number {
    return this.#served.version;
  }

  /** All servers that show something, in catalog order. */
  *servers(): Iterable<ServedServer> {
    for (const { server } of this.#catalog.servers()) {
      const served = this.#served.of(server);
      if (served !== undefined) yield served;
    }
  }

  of(server: ServerName): ServedServer | undefined {
    return this.#served.of(server);
  }

  /** The served prompt of this exposed name. */
  prompt(exposedName: string): CatalogPrompt | undefined {
    return this.#prompts.get(exposedName);
  }

  /** True when exactly this definition is served now. */
  isServed(definition: CatalogPrompt | CatalogResource): boolean {
    const served = this.#served.of(definition.server);
    return served !== undefined && ('exposedName' in definition ? served.prompts.includes(definition) : served.templates.includes(definition));
  }

  /** Looks at every server again: after a change of approvals or configuration. */
  recomputeAll(): void {
    this.#served.recomputeAll();
  }

  recompute(server: ServerName): void {
    this.#served.recompute(server);
  }

  dispose(): void {
    this.#served.dispose();
  }

  #keepPrompts(before: ServedServer | undefined, all: Iterable<ServedServer>): void {
    for (const { exposedName } of before?.prompts ?? []) this.#prompts.delete(exposedName);
    // A name may have passed from one server to another in the same change.
    for (const { prompts } of all) for (const prompt of prompts) this.#prompts.set(prompt.exposedName, prompt);
  }

  #contentOf(catalog: ServerCatalog): ServedServer | undefined {
    const serves = (ref: DefinitionRef): boolean => this.#withheld(ref) === undefined;
    if (contentOf(catalog).length === 0) return undefined;
    const { server, instructions } = catalog;
    const readable = hasResources(catalog) && serves(resourcesRef(catalog));
    return {
      server,
      prompts: catalog.prompts.filter((prompt) => serves(refOf('prompt', prompt))),
      templates: catalog.templates.filter((template) => serves(refOf('template', template))),
      resources: readable ? catalog.resources : [],
      readable,
      instructions: instructions !== undefined && serves({ server, kind: 'instructions', name: '', digest: instructions.digest }) ? instructions.text : undefined,
    };
  }
}

function isSame(a: ServedServer, b: ServedServer): boolean {
  return a.readable === b.readable && a.instructions === b.instructions && sameItems(a.prompts, b.prompts) && sameItems(a.templates, b.templates) && sameItems(a.resources, b.resources);
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}
