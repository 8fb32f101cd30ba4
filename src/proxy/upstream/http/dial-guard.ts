import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { UpstreamError } from '../failure.ts';

/** Link-local and metadata addresses: nothing a person adds as an MCP server lives there (security B10). */
const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16);
refused.addSubnet('fe80::', 10, 'ipv6');
// Metadata services outside link-local: AWS over IPv6, Alibaba, Azure.
refused.addAddress('fd00:ec2::254', 'ipv6');
refused.addAddress('100.100.100.200');
refused.addAddress('168.63.129.16');
// 169.254.0.0/16 inside NAT64 and 6to4. IPv4-mapped forms are matched by the IPv4 rules themselves.
refused.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
refused.addSubnet('2002:a9fe::', 32, 'ipv6');

/** True when a connection to this address must not be made. */
export function isRefusedAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$|%.*$/g, '');
  const family = isIP(bare);
  return family !== 0 && refused.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Reads the address of an HTTP upstream.
 * @throws UpstreamError `bad-url` for anything but http(s), for credentials in the URL, and for refused addresses
 *   in whatever spelling
 */
export function dialableUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw badUrl('The URL of this server is not an http:// or https:// address.', 'Correct the "url" of this server.');
  }
  if (url.username !== '' || url.password !== '') {
    throw badUrl('The URL of this server holds a user name or password.', 'Move the credentials to an "Authorization" header of this server.');
  }
  // The URL parser has already turned decimal, octal and hexadecimal spellings into dotted form.
  if (isRefusedAddress(url.hostname)) throw refusedAddress(url.hostname);
  return url;
}

/** Name resolution for `http.request` that fails when any of the addresses is refused, also after rebinding. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, address: string | LookupAddress[], family) => {
    const addresses = typeof address === 'string' ? [address] : (address as LookupAddress[] | undefined)?.map((entry) => entry.address);
    const forbidden = error === null ? addresses?.find(isRefusedAddress) : undefined;
    if (forbidden === undefined) callback(error, address, family);
    else callback(refusedAddress(`${hostname} (${forbidden})`), '', 0);
  });
};

/** A URL as it may be shown: without its query, which often holds a key. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

function refusedAddress(host: string): UpstreamError {
  return badUrl(`${host} is a link-local or metadata address; no connection is made to it.`, 'Use the address of an MCP server.');
}

function badUrl(message: string, action: string): UpstreamError {
  return new UpstreamError('bad-url', message, { action });
}
