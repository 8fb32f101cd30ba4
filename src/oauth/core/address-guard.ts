import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Which addresses may be dialled beside public ones. */
export interface AddressPolicy {
  /** This machine, also over http: only where the MCP server itself is on it. */
  readonly loopback: boolean;
  /** Networks that are not public: only where the person said so. Metadata services never. */
  readonly privateNetworks: boolean;
}

/** Metadata services at addresses that are not link-local: Azure, Alibaba, AWS over IPv6. */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254']);

/** Ranges in which companies keep their own servers (RFC 1918, RFC 6598, RFC 4193). */
const PRIVATE: ReadonlySet<string> = new Set(['private', 'carrierGradeNat', 'uniqueLocal']);

/** An address that must not be dialled. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError';

  constructor(host: string) {
    super(`${host} is not a public address`);
  }
}

/**
 * Whether an IP address may be dialled. Everything that is not plain public unicast is refused: private, link-local,
 * CGNAT, multicast, documentation, IPv4 inside IPv6 that leads to any of these, and transition mechanisms.
 */
export function mayDial(address: string, { loopback, privateNetworks }: AddressPolicy): boolean {
  const bare = address.replace(/^\[|\]$|%.*$/g, '');
  if (!ipaddr.isValid(bare)) return false;
  // Unwraps ::ffff:a.b.c.d.
  const parsed = ipaddr.process(bare);
  if (METADATA.has(parsed.toString())) return false;
  const range = parsed.range();
  if (range === 'loopback') return loopback;
  return range === 'unicast' || (privateNetworks && PRIVATE.has(range));
}

/** Whether a URL's host is this machine by its spelling: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopbackHost(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true;
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback';
}

/**
 * Name resolution for one connection that fails when any of a name's addresses is refused. The connection is made to
 * exactly what was looked at, so a name cannot point elsewhere a moment later (DNS rebinding).
 */
export function pinningLookup(policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address: string | LookupAddress[], family) => {
      const all = typeof address === 'string' ? [address] : (address as LookupAddress[] | undefined)?.map((entry) => entry.address);
      const forbidden = error === null && all?.every((entry) => mayDial(entry, policy)) !== true;
      if (forbidden) callback(new RefusedAddressError(hostname), '', 0);
      else callback(error, address, family);
    });
  };
}

/** Whether a host that is an address already may be dialled; names are judged when they are resolved. */
export function mayDialHost(hostname: string, policy: AddressPolicy): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 || mayDial(bare, policy);
}
