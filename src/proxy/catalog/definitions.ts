import { digestOf } from '../json/canonical.ts';
import { members } from '../json/slice.ts';
import type { RawJson, ServerName } from '../model.ts';
import { RESOURCES_DIGEST, RESOURCES_TEXT } from '../quarantine/resources.ts';
import type { DefinitionKind, DefinitionRef } from '../quarantine/types.ts';
import type { ScannedKind } from '../scanner/types.ts';
import type { ServerCatalog } from './types.ts';

/** Something of a server that a person decides about, at its present digest. Texts are the upstream's own. */
export interface PinnedDefinition {
  readonly ref: DefinitionRef;
  /** The text a decision is about; of instructions their JSON string. */
  readonly raw: RawJson;
  readonly title: string | undefined;
  readonly description: string;
}

/** Everything of a server that has to be approved to be served: instructions first, tools last (contract §5). */
export function definitionsOf(catalog: ServerCatalog): readonly PinnedDefinition[] {
  return [...contentOf(catalog), ...catalog.tools.map((tool) => pinned(catalog, 'tool', tool))];
}

/** As `definitionsOf`, but for its tools. */
export function contentOf(catalog: ServerCatalog): readonly PinnedDefinition[] {
  const { server, instructions, resources, version } = catalog;
  return [
    ...(version === undefined ? [] : [versionOf(server, version)]),
    ...(instructions === undefined
      ? []
      : [{ ref: { server, kind: 'instructions' as const, name: '', digest: instructions.digest }, raw: JSON.stringify(instructions.text), title: undefined, description: instructions.text }]),
    ...(hasResources(catalog) ? [{ ref: resourcesRef(catalog), raw: RESOURCES_TEXT, title: undefined, description: `To list and read its resources, ${resources.length} now.` }] : []),
    ...catalog.templates.map((template) => pinned(catalog, 'template', template)),
    ...catalog.prompts.map((prompt) => pinned(catalog, 'prompt', prompt)),
  ];
}

/** Finds the text of a definition that stands at this very digest now; nothing for a server that was never seen. */
export function textsOf(catalog: ServerCatalog | undefined): (ref: DefinitionRef) => RawJson | undefined {
  const keyOf = ({ kind, name, digest }: DefinitionRef): string => JSON.stringify([kind, name, digest]);
  const texts = new Map((catalog === undefined ? [] : definitionsOf(catalog)).map(({ ref, raw }) => [keyOf(ref), raw]));
  return (ref) => texts.get(keyOf(ref));
}

/** True when the server says that it holds resources. */
export function hasResources({ capabilities }: ServerCatalog): boolean {
  return members(capabilities)?.has('resources') === true;
}

/** What a program says it is. Its digest covers the version alone: what it calls itself changes nothing. */
export function versionOf(server: ServerName, version: string): PinnedDefinition {
  const raw = JSON.stringify({ version });
  return {
    ref: { server, kind: 'version', name: '', digest: digestOf(raw) },
    raw,
    title: undefined,
    description: `The program says ${version === '' ? 'nothing of its version' : `that it is version ${version}`}. Its command names none, so that another one may be fetched at any start.`,
  };
}

/** What stands for all resources of a server. */
export function resourcesRef({ server }: Pick<ServerCatalog, 'server'>): DefinitionRef {
  return { server, kind: 'resources', name: '', digest: RESOURCES_DIGEST };
}

/** What a definition of a server is decided about as. */
export function refOf(kind: DefinitionKind, { server, name, digest }: Omit<DefinitionRef, 'kind'>): DefinitionRef {
  return { server, kind, name, digest };
}

function pinned(
  { server }: ServerCatalog,
  kind: DefinitionKind,
  definition: Omit<DefinitionRef, 'kind' | 'server'> & Pick<PinnedDefinition, 'raw' | 'title' | 'description'>,
): PinnedDefinition {
  const { name, digest, raw, title, description } = definition;
  return { ref: refOf(kind, { server, name, digest }), raw, title, description };
}

/** As what the scanner reads a definition; leave to read resources holds no text of the server's, and a version none to speak of. */
export function scannedAs(kind: DefinitionKind): ScannedKind | undefined {
  if (kind === 'resources' || kind === 'version') return undefined;
  return kind === 'template' ? 'resource-template' : kind;
}
