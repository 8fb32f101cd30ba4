import type { UpstreamSnapshot } from '../proxy/api.ts';
import { isRecord } from '../proxy/json/data.ts';
import type { DefinitionKind } from '../proxy/quarantine/types.ts';
import { isDefinitionKind } from '../proxy/quarantine/types.ts';

/**
 * What a command is about: a server, its launch at the fingerprint that was shown, or one definition of it at the
 * digest that was shown. Commands can be run by anybody with anything, so this is a claim to look up in the present
 * state, never an authority (security U12).
 */
export interface Target {
  readonly server: string;
  readonly launch?: string;
  readonly definition?: DefinitionTarget;
}

export interface DefinitionTarget {
  readonly kind: DefinitionKind;
  /** Tool name; empty for instructions. */
  readonly name: string;
  readonly digest: string;
}

/**
 * Reads a command's argument: a tree item, a code lens or another extension's plain object
 * `{server, launch?, definition?: {kind, name, digest}}`; undefined when it is none of these.
 */
export function readTarget(argument: unknown): Target | undefined {
  if (!isRecord(argument)) return undefined;
  const { target, server, launch, definition } = argument;
  // A tree item carries its target.
  if (isRecord(target)) return readTarget(target);
  if (typeof server !== 'string') return undefined;
  if (typeof launch === 'string') return { server, launch };
  if (definition === undefined) return { server };
  if (!isRecord(definition)) return undefined;
  const { kind, name, digest } = definition;
  if (!isDefinitionKind(kind)) return undefined;
  if (typeof name !== 'string' || typeof digest !== 'string') return undefined;
  return { server, definition: { kind, name, digest } };
}

/** Reads what VS Code passes for one or several selected tree items. */
export function readTargets(first: unknown, selection: unknown): readonly Target[] {
  const all: readonly unknown[] = Array.isArray(selection) && selection.length > 0 ? selection : [first];
  return all.map(readTarget).filter((target) => target !== undefined);
}

/** The upstream a target names, as it is now. */
export function findUpstream(upstreams: readonly UpstreamSnapshot[], name: string): UpstreamSnapshot | undefined {
  return upstreams.find((upstream) => upstream.name === name);
}
