import type { Era } from '../model.ts';
import { NEWEST_LEGACY } from './negotiate.ts';
import type { ConnectionProfile } from './types.ts';

/**
 * What connections of our own declare: those that list, and those that agents share. They can answer nothing, for
 * nobody could be held responsible for the answer.
 */
export function ownProfile(prefer: Era, clientVersion: string): ConnectionProfile {
  return {
    prefer,
    clientInfo: JSON.stringify({ name: 'vestibule', version: clientVersion }),
    capabilities: '{}',
    protocolVersion: NEWEST_LEGACY,
  };
}
