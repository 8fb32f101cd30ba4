import { checkKeys, choiceField, numberField, objectField, textField, textOf, textsField, type Fields } from './fields.ts';
import { imageFor } from './isolation.ts';
import { ISOLATION_KEYS } from './keys.ts';
import { RANGES } from './ranges.ts';
import type { FileReport } from './report.ts';
import type { IsolationSettings } from './types.ts';

const ENGINES = ['docker', 'podman'] as const;
const MAX_MOUNTS = 50;
/** A reference of an image, and a name of a network: nothing that could be an option. */
const IMAGE = /^[a-zA-Z0-9][a-zA-Z0-9._/:@-]{0,254}$/;
const NETWORK = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** The section `isolation` of a server over stdio. One with anything wrong in it costs the server: it never runs with less. */
export function parseIsolation(report: FileReport, server: Fields, command: string | undefined): IsolationSettings | undefined {
  const field = server.get('isolation');
  const fields = objectField(report, server, 'isolation');
  if (field === undefined || fields === undefined) return undefined;
  if (command === undefined) {
    report.warn(field.keyNode, '"isolation" has no meaning for a server that is not started.', 'Remove it.');
    return undefined;
  }
  checkKeys(report, fields, ISOLATION_KEYS);
  const kind = choiceField(report, fields, 'kind', ['container', 'sandbox'] as const);
  if (!fields.has('kind')) report.error(field.value, '"isolation" needs "kind".', 'Write "container", for Docker or Podman, or "sandbox", for what the system has.');
  const image = textField(report, fields, 'image', 255);
  const imageAt = fields.get('image')?.value;
  if (image !== undefined && imageAt !== undefined && !IMAGE.test(image)) report.error(imageAt, '"image" is not the name of an image.', 'Write it as the engine knows it, such as node:24-slim.');
  if (kind === 'container' && image === undefined && imageFor(command) === undefined && !fields.has('image')) {
    report.error(field.value, `"isolation" needs "image": none is known for ${JSON.stringify(command)}.`, 'Write the image to run it in.');
  }
  const mounts = textsField(report, fields, 'mounts', MAX_MOUNTS) ?? [];
  for (const [index, mount] of mounts.entries()) {
    const node = fields.get('mounts')?.value.children?.[index];
    if (node !== undefined && !/^(?:\/|[a-zA-Z]:[\\/]|\$\{)/.test(mount)) report.error(node, '"mounts" holds whole paths.', 'Write a path that begins with / or with ${workspaceFolder} or ${userHome}.');
  }
  return {
    kind: kind ?? 'container',
    engine: choiceField(report, fields, 'engine', ENGINES) ?? 'docker',
    ...(image !== undefined && { image }),
    network: networkOf(report, fields, kind),
    mounts,
    memoryMb: numberField(report, fields, 'memoryMb', RANGES.memoryMb) ?? 512,
    cpus: numberField(report, fields, 'cpus', RANGES.cpus) ?? 1,
  };
}

function networkOf(report: FileReport, fields: Fields, kind: IsolationSettings['kind'] | undefined): IsolationSettings['network'] {
  const value = fields.get('network')?.value;
  if (value === undefined) return false;
  if (value.type === 'boolean') return value.value === true;
  const name = textOf(report, value, '"network"', 128);
  if (name !== undefined && (!NETWORK.test(name) || kind === 'sandbox')) {
    report.error(value, kind === 'sandbox' ? 'The sandbox of the system knows no networks by name.' : `"network" cannot be ${JSON.stringify(name)}.`, 'Write true, false, or for a container the name of a network of the engine.');
  }
  // Of the host's own there would be no isolation left.
  if (name === 'host' || name?.startsWith('container:') === true) report.error(value, 'A container in the network of the machine is not isolated from it.', 'Write true for a network of its own.');
  return name ?? false;
}
