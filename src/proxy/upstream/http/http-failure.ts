import { VestibuleError } from '../../errors.ts';
import { UpstreamError } from '../failure.ts';
import { signInCodeOf } from '../keys.ts';
import type { FailureCode, UpstreamCallError } from '../types.ts';
import { shownUrl } from './dial-guard.ts';
import { RedirectError } from './http-client.ts';
import { HttpAnswerError } from './response.ts';

/** What a person is told when an HTTP upstream cannot be reached or does not speak MCP. */
export function httpFailure(error: UpstreamCallError, url: URL): UpstreamError {
  if (error.cause instanceof UpstreamError) return error.cause;
  // A token could not be got: whoever got it says at which step, and what to do.
  if (VestibuleError.is(error.cause)) {
    const code = signInCodeOf(error.cause);
    return new UpstreamError(error.kind === 'auth-required' ? 'auth-required' : 'connection-failed', error.cause.message, { action: error.cause.action, ...(code !== undefined && { code }), cause: error });
  }
  if (error instanceof RedirectError) return redirected(error, url);
  if (error instanceof HttpAnswerError) return wrongAnswer(error, url);
  if (error.kind === 'connection-lost') return notReached(error, url);
  return new UpstreamError('handshake-failed', `${shownUrl(url)}: ${error.message}`, {
    action: 'Check that the URL is the MCP endpoint of this server.',
    cause: error,
  });
}

function redirected(error: RedirectError, url: URL): UpstreamError {
  const target = error.target;
  return new UpstreamError('http-status', error.message, {
    action:
      target === undefined || target.origin === url.origin
        ? 'Correct the "url" of this server.'
        : `If you trust ${target.origin}, make it the "url" of this server: keys are never sent to another origin.`,
    code: 'http-redirect',
    // The query of where it leads may hold a key that was made for this one request.
    instead: target === undefined ? undefined : `${target.origin}${target.pathname}`,
    cause: error,
  });
}

function wrongAnswer(error: HttpAnswerError, url: URL): UpstreamError {
  const where = shownUrl(url);
  const status = error.status ?? 0;
  const evidence = [`HTTP ${status}, ${error.contentType ?? 'no content type'}`, ...(error.body.trim() === '' ? [] : [error.snippet])];
  if (status === 401 || status === 403) {
    return new UpstreamError('auth-required', `${where} requires a sign-in (HTTP ${status}).`, {
      action: status === 401 ? 'Sign in to this server (“Vestibule: Sign In”, or `vestibule upstream login`), or add its key to "headers".' : 'Sign in with an account that may use this server, or check the key in "headers".',
      code: status === 401 ? 'sign-in-required' : 'access-denied',
      evidence,
      cause: error,
    });
  }
  if (status === 407) {
    return new UpstreamError('http-status', `A proxy before ${where} asks for a sign-in of its own (HTTP 407).`, {
      action: 'Let this address pass by the proxy, or use one that needs no sign-in: Vestibule does not sign in to proxies.',
      code: 'proxy-sign-in',
      evidence,
      cause: error,
    });
  }
  if (status >= 500) {
    return new UpstreamError('http-status', `${where} has a problem of its own (HTTP ${status}).`, {
      action: 'Try again later, or look at the logs of that server.',
      code: 'http-server-error',
      evidence,
      cause: error,
    });
  }
  if (error.contentType === 'text/html' && status < 400) {
    return new UpstreamError('handshake-failed', `${where} answers with a web page, not with MCP.`, {
      action: 'Use the URL of the MCP endpoint; it often ends in /mcp or /sse.',
      code: 'not-mcp',
      evidence,
      cause: error,
    });
  }
  if (status === 404 || status === 405 || status === 410) {
    return new UpstreamError('http-status', `There is no MCP endpoint at ${where} (HTTP ${status}).`, {
      action: 'Use the URL of the MCP endpoint; it often ends in /mcp or /sse.',
      code: 'http-not-found',
      evidence,
      cause: error,
    });
  }
  return new UpstreamError(status >= 400 ? 'http-status' : 'handshake-failed', `${where}: ${error.message}`, {
    action: 'Check the "url" and "headers" of this server.',
    evidence,
    cause: error,
  });
}

function notReached(error: UpstreamCallError, url: URL): UpstreamError {
  const code = codeOf(error.cause);
  const [failure, what, action] = explain(code, url);
  return new UpstreamError('connection-failed', `${what} (${code ?? error.message}).`, {
    action,
    code: failure,
    evidence: [error.message],
    cause: error,
  });
}

function explain(code: string | undefined, url: URL): readonly [failure: FailureCode, what: string, action: string] {
  switch (code) {
    case 'ECONNREFUSED':
      return ['connection-refused', `Nothing listens at ${url.host}`, 'Start that server, or correct the port in the "url".'];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['name-not-resolved', `The name ${url.hostname} cannot be resolved`, 'Check the spelling of the "url" and the network connection.'];
    case 'ECONNRESET':
    case 'EPIPE':
      return ['connection-failed', `${url.host} closed the connection`, 'Check that it is an HTTP server, and whether "http" or "https" is right.'];
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['connection-failed', `${url.host} cannot be reached`, 'Check the network, VPN and firewall.'];
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return ['tls-not-spoken', `${url.host} does not speak TLS as expected`, 'Check whether the "url" should begin with http:// instead of https://.'];
    case 'CERT_HAS_EXPIRED':
      return ['tls-expired', `The certificate of ${url.host} has expired`, 'Ask the operator of that server to renew it.'];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return ['tls-wrong-name', `The certificate of ${url.host} is for another name`, 'Use the host name that its certificate names.'];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return ['tls-untrusted', `The certificate of ${url.host} is not trusted`, 'Set NODE_EXTRA_CA_CERTS to the certificate of your own authority before the editor starts.'];
    case 'ERR_INVALID_CHAR':
    case 'ERR_INVALID_HTTP_TOKEN':
    case 'ERR_UNESCAPED_CHARACTERS':
      return ['bad-config', 'A header or the path holds a character that HTTP does not allow', 'Correct the "headers" or "url" of this server.'];
    default:
      return ['connection-failed', `The connection to ${url.host} failed`, 'Check that the server runs, and its "url".'];
  }
}

/** The system's code, also of the first of several addresses that were tried. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
