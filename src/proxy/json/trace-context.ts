import type { IncomingHttpHeaders } from 'node:http';
import type { RawJson } from '../model.ts';
import { members, stringOf, withMembers } from './slice.ts';

/** Version, trace, parent and flags, as W3C Trace Context writes them; all zeros mean nothing. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const MAX_TRACESTATE = 512;

/** A `traceparent` that can be continued, or undefined. */
export function validTraceparent(text: string | undefined): string | undefined {
  return text !== undefined && TRACEPARENT.test(text) ? text : undefined;
}

/** The `traceparent` in a raw `_meta`, if it can be continued. */
export function traceparentOf(meta: RawJson | undefined): string | undefined {
  // The substring test spares ordinary calls a walk over their members.
  return meta?.includes('"traceparent"') === true ? validTraceparent(stringOf(members(meta)?.get('traceparent'))) : undefined;
}

/**
 * Raw params with the trace context of the HTTP request they came by in `_meta`, where MCP keeps it. What the caller
 * wrote there itself counts.
 */
export function withTraceContext(params: RawJson | undefined, headers: IncomingHttpHeaders): RawJson | undefined {
  const { traceparent, tracestate } = headers;
  const parent = typeof traceparent === 'string' ? validTraceparent(traceparent) : undefined;
  if (parent === undefined) return params;
  const meta = params === undefined ? undefined : members(params)?.get('_meta');
  if (traceparentOf(meta) !== undefined) return params;
  const state = typeof tracestate === 'string' && tracestate.length <= MAX_TRACESTATE ? JSON.stringify(tracestate) : undefined;
  return withMembers(params, { _meta: withMembers(meta, { traceparent: JSON.stringify(parent), ...(state !== undefined && { tracestate: state }) }) });
}
