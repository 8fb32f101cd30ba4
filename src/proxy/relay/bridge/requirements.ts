import { members } from '../../json/slice.ts';
import type { RawJson } from '../../model.ts';

/** Whether a client that declared this can be asked that. */
type Covers = (declared: ReadonlyMap<string, RawJson>) => boolean;

/** What an agent must have declared to be asked something. */
export interface Requirement {
  /** The capability that has to be there at all. */
  readonly capability: string;
  /** Raw capabilities that would do, as an error tells them (2026-07-28, `requiredCapabilities`). */
  readonly required: RawJson;
  readonly covers: Covers;
}

const ANY: Covers = () => true;
const needs = (capability: string, covers: Covers = ANY, detail = '{}'): Requirement => ({ capability, required: `{${JSON.stringify(capability)}:${detail}}`, covers });

const ROOTS = needs('roots');
const SAMPLING = needs('sampling');
const SAMPLING_WITH_TOOLS = needs('sampling', (declared) => declared.has('tools'), '{"tools":{}}');
// Elicitation that names no mode means forms, as it did before there were modes (2025-11-25).
const FORM = needs('elicitation', (declared) => declared.has('form') || !declared.has('url'), '{"form":{}}');
const URL_MODE = needs('elicitation', (declared) => declared.has('url'), '{"url":{}}');
const TASKS = needs('tasks');

/** What it takes to be asked this; undefined for what no client is asked. */
export function requirementOf(method: string, params: RawJson | undefined): Requirement | undefined {
  switch (method) {
    case 'roots/list':
      return ROOTS;
    case 'sampling/createMessage': {
      const all = members(params ?? '');
      return all?.has('tools') === true || all?.has('toolChoice') === true ? SAMPLING_WITH_TOOLS : SAMPLING;
    }
    case 'elicitation/create':
      return members(params ?? '')?.get('mode') === '"url"' ? URL_MODE : FORM;
    case 'tasks/get':
    case 'tasks/result':
    case 'tasks/list':
    case 'tasks/cancel':
      return TASKS;
    default:
      return undefined;
  }
}

/** True when raw `capabilities` of an agent meet the requirement. */
export function isMet({ capability, covers }: Requirement, capabilities: RawJson): boolean {
  const declared = members(members(capabilities)?.get(capability) ?? '');
  return declared !== undefined && covers(declared);
}
