// Loaded into a serve by NODE_OPTIONS: writes down whom the process connects to and which names it looks up.
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const note = (text) => appendFileSync(process.env.DIALLED, `${text}\n`);

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function dial(...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  note(`connect ${typeof options === 'object' ? `${options.host ?? options.path ?? 'localhost'}:${options.port ?? ''}` : String(options)}`);
  return connect.apply(this, args);
};

const lookup = dns.lookup;
dns.lookup = function look(name, ...rest) {
  if (net.isIP(name) === 0) note(`lookup ${name}`);
  return lookup.call(this, name, ...rest);
};
syncBuiltinESMExports();
