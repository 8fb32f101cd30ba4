/**
 * An address as it was written, with the host that is really dialled behind it wherever the text does not spell just
 * that: letters of other scripts that look like Latin ones, other spellings of an IP address, a user before the host.
 */
export function shownAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') return text;
  const spelled = /^[a-z+.-]+:\/\/([^/?#:]*|\[[^\]]*\])(?::\d+)?(?:[/?#]|$)/i.exec(text)?.[1];
  return spelled?.toLowerCase() === url.hostname ? text : `${text} (host ${url.hostname})`;
}
