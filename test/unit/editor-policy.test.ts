import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { policyFindings, type EditorPolicy, type GatewayIdentity } from '../../src/proxy/diagnosis/editor-policy.ts';

const GATEWAY: GatewayIdentity = { label: 'Vestibule', url: 'http://127.0.0.1:4711/mcp' };
const codes = (policy: EditorPolicy, gateway: GatewayIdentity = GATEWAY): string[] => policyFindings(policy, gateway).map(({ code, setting }) => `${code} ${setting}`);

describe('what an organisation may forbid', () => {
  it('is nothing where nothing is set', () => {
    for (const policy of [{}, { access: 'all', allowed: [], denied: [], managedOnly: false, pluginsOnly: false }, { access: 3, allowed: 'x', denied: [null, 1, {}] }]) assert.deepEqual(codes(policy), []);
  });

  it('is MCP as a whole', () => {
    for (const access of ['none', 'registry']) assert.deepEqual(codes({ access }), ['mcp-disabled chat.mcp.access']);
  });

  it('is this server, by its name or address', () => {
    const denied = 'mcp-not-allowed chat.mcp.deniedServers';
    const missing = 'mcp-not-allowed chat.mcp.allowedServers';
    for (const [policy, said] of [
      [{ denied: [{ serverName: 'vestibule' }] }, [denied]],
      [{ denied: [{ serverUrl: 'http://*' }] }, [denied]],
      [{ denied: [{ serverUrl: 'https://*' }, { serverName: 'Vestibule2' }, { serverCommand: ['*'] }] }, []],
      [{ allowed: [{ serverName: 'other' }] }, [missing]],
      [{ allowed: [{ serverUrl: 'http://127.0.0.1:*' }] }, []],
      [{ allowed: [{ serverUrl: 'http://*:4711/*' }] }, []],
      [{ allowed: [{ serverUrl: 'http://127.0.0.1:*/mcp/mcp' }] }, [missing]],
      [{ allowed: [{ serverName: 'Vestibule' }], denied: [{ serverUrl: '*' }] }, [denied]],
      [{ managedOnly: true }, ['mcp-not-allowed chat.mcp.allowManagedServersOnly']],
      [{ pluginsOnly: true }, ['mcp-not-allowed chat.customizations.strictPluginOnlyCustomization']],
    ] as const) assert.deepEqual(codes(policy), said, JSON.stringify(policy));
    const [diagnosis] = policyFindings({ allowed: [{ serverName: 'other' }] }, GATEWAY);
    assert.match(diagnosis?.fix ?? '', /^Ask the administrators to allow the server "Vestibule" or the address http:\/\/127\.0\.0\.1:\*/);
  });

  it('is more tools than the editor sends', () => {
    assert.deepEqual(codes({}, { ...GATEWAY, listedTools: 128 }), []);
    assert.deepEqual(codes({}, { ...GATEWAY, listedTools: 129 }), ['too-many-tools vestibule.mode']);
  });
});
