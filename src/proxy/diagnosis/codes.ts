import type { FailureCode } from '../upstream/types.ts';
import type { Area } from './types.ts';

/** What a code stands for: the part of the house, and why it happens in general. */
export interface CodeMeaning {
  readonly area: Area;
  readonly cause: string;
}

/** Codes that are no failure of a connection. */
type OtherCode =
  | 'docker-not-found'
  | 'docker-not-running'
  | 'proxy-not-used'
  | 'port-taken'
  | 'secrets-not-kept'
  | 'data-folder-open'
  | 'data-folder-unreadable'
  | 'awaiting-approval'
  | 'held'
  | 'workspace-not-trusted'
  | 'denied-by-policy'
  | 'mcp-disabled'
  | 'mcp-not-allowed'
  | 'too-many-tools'
  | 'journal-broken'
  | 'journal-lost';

export type DiagnosisCode = FailureCode | OtherCode;

/** Every code there is; docs/doctor.md lists them all, and a test holds it to that. Codes are never renamed. */
export const CODES: Readonly<Record<DiagnosisCode, CodeMeaning>> = {
  'command-not-found': { area: 'launch', cause: 'The program is not installed, or not where this process looks: an editor started from a dock or menu has a shorter PATH than a terminal.' },
  'docker-not-found': { area: 'launch', cause: 'The entry starts a container, and there is no container program on this machine.' },
  'docker-not-running': { area: 'launch', cause: 'The container program is installed, but its service does not answer.' },
  'launch-failed': { area: 'launch', cause: 'The system refused to start the program: no permission, another kind of computer, or a working folder that is not there.' },
  'exited-early': { area: 'launch', cause: 'The program started and ended by itself. It usually says why on stderr: a missing argument, variable, package or file.' },
  'stdout-noise': { area: 'handshake', cause: 'On stdio, stdout belongs to the protocol alone. Banners, logs and prompts there hide the messages.' },
  'handshake-timeout': { area: 'handshake', cause: 'The server is slow to start (a first download), waits for something, or does not speak MCP.' },
  'handshake-failed': { area: 'handshake', cause: 'The server answered, but not as MCP asks for: another protocol, another revision, or an error of its own.' },
  'not-mcp': { area: 'handshake', cause: 'The address is a web page: often the home page of the service, or of a sign-in in between.' },
  'bad-url': { area: 'transport', cause: 'The address cannot be dialled: not http(s), with credentials in it, or one that no MCP server has.' },
  'connection-refused': { area: 'transport', cause: 'The machine is there, but nothing listens at that port: the server is not running, or runs at another port.' },
  'connection-failed': { area: 'transport', cause: 'The network lost the connection or never made it: VPN, firewall, a server that closed it.' },
  'http-redirect': { area: 'transport', cause: 'The server sends callers to another address. Keys are never sent to another origin, so that is not followed.' },
  'http-not-found': { area: 'transport', cause: 'The server is there, but not at this path; MCP endpoints often end in /mcp or /sse.' },
  'http-server-error': { area: 'transport', cause: 'The server, or a gateway before it, failed by itself (5xx).' },
  'http-status': { area: 'transport', cause: 'The server turned the request away for a reason of its own (4xx).' },
  'name-not-resolved': { area: 'dns', cause: 'The name has no address here: a typing error, no network, or a name that only a VPN knows.' },
  'tls-not-spoken': { area: 'tls', cause: 'One side speaks TLS and the other does not: https:// where http:// is right, or the other way round.' },
  'tls-untrusted': { area: 'tls', cause: 'The certificate is self-signed, or of an authority that this machine does not know, as of a company or an inspecting proxy.' },
  'tls-expired': { area: 'tls', cause: 'The certificate is past its date, or the clock of this machine is wrong.' },
  'tls-wrong-name': { area: 'tls', cause: 'The certificate is for other names than the one in the address.' },
  'proxy-sign-in': { area: 'proxy', cause: 'A proxy stands between and wants to know who asks.' },
  'proxy-not-used': { area: 'proxy', cause: 'The environment names a proxy. Vestibule connects directly, which does not work where only the proxy leads out.' },
  'sign-in-required': { area: 'auth', cause: 'The server answers nobody without credentials (HTTP 401), or those it got are not valid any more.' },
  'access-denied': { area: 'auth', cause: 'The server knows who asks and does not allow it (HTTP 403): missing scopes, another account, an address it does not accept.' },
  'sign-in-discovery': { area: 'auth', cause: 'The last sign-in did not get as far as a page: the server, or the place where one signs in there, describes itself wrongly or not at all.' },
  'sign-in-registration': { area: 'auth', cause: 'The place where one signs in did not take Vestibule as a client.' },
  'sign-in-authorization': { area: 'auth', cause: 'The page was opened, or should have been, and what came back was no grant: it was declined, came from elsewhere, or was never safe to ask for.' },
  'sign-in-token': { area: 'auth', cause: 'The person allowed access, and the token endpoint gave no token for it.' },
  'sign-in-refresh': { area: 'auth', cause: 'Access is to be renewed and the authorization server cannot be reached or does not answer as it should. What was granted stands.' },
  'sign-in-ended': { area: 'auth', cause: 'What was granted is over: it expired, was taken back, or the server does not know this client any more.' },
  'bad-config': { area: 'config', cause: 'A servers file holds something that cannot be used as it stands; the rest of it keeps working.' },
  'gateway-loop': { area: 'config', cause: 'Two or more gateways are each other’s servers, so that each would list the other’s tools as its own.' },
  'unknown-variable': { area: 'config', cause: 'The entry refers to a variable that has no value here.' },
  'missing-input': { area: 'config', cause: 'The entry needs a value that only a person can give, and nobody gave it yet.' },
  'port-taken': { area: 'config', cause: 'Another program listens at the wanted port, perhaps another window.' },
  'secrets-not-kept': { area: 'config', cause: 'This machine has no keyring that the editor can use, so what is stored is gone after a restart.' },
  'data-folder-open': { area: 'config', cause: 'The folder with approvals, calls and logs can be read by other users of this machine.' },
  'data-folder-unreadable': { area: 'config', cause: 'The folder with approvals, calls and logs cannot be used by this user.' },
  'launch-not-approved': { area: 'quarantine', cause: 'An entry that came by a file, or changed, starts nothing until a person approved it.' },
  'awaiting-approval': { area: 'quarantine', cause: 'New and changed definitions are hidden from agents until a person approved them.' },
  held: { area: 'quarantine', cause: 'The server offers a definition that no agent could use safely, such as one without a valid name or schema.' },
  'workspace-not-trusted': { area: 'quarantine', cause: 'In Restricted Mode nothing starts that a workspace brought along.' },
  'denied-by-policy': { area: 'policy', cause: 'A rule of yours keeps a tool from an agent: the filters of a server, or what an agent may use.' },
  'mcp-disabled': { area: 'policy', cause: 'The editor keeps MCP servers away from its agents (setting chat.mcp.access, which an organisation may enforce).' },
  'mcp-not-allowed': { area: 'policy', cause: 'Lists of allowed and denied MCP servers, or rules for what extensions may bring, shut the gateway out; mostly an organisation enforces them.' },
  'too-many-tools': { area: 'policy', cause: 'VS Code refuses a request of a model with more than 128 tools, unless that model can search them itself.' },
  'journal-broken': { area: 'record', cause: 'Records of calls were changed, removed or reordered after they were written.' },
  'journal-lost': { area: 'record', cause: 'The disk did not take the records of some calls; the calls themselves went on.' },
};
