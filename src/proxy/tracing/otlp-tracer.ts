import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import { validTraceparent } from '../json/trace-context.ts';
import type { CallEnd, CallSpan, CallStart, CallTracer } from './types.ts';

/** What spans are sent with. */
export interface OtlpOptions {
  /** Where OTLP over HTTP is taken. */
  readonly endpoint: string;
  readonly version: string;
  /** Told once while it cannot be sent, and again after it could. */
  readonly failed: (message: string) => void;
}

/** Milliseconds one export may take. */
const EXPORT_MS = 5_000;
/** Characters of a name that a span keeps. */
const MAX_NAME = 200;

/** Spans in batches over OTLP/HTTP, behind a bounded queue: a call never waits for them, and what does not fit is dropped. */
export class OtlpTracer implements CallTracer {
  readonly #provider: TracerProvider;

  constructor({ endpoint, failed, version }: OtlpOptions) {
    const exporter = reporting(new OTLPTraceExporter({ url: tracesUrl(endpoint), timeoutMillis: EXPORT_MS }), failed);
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'vestibule', 'service.version': version }),
      // An agent that does not record its trace does not want ours either.
      sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
      spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: 2_048, maxExportBatchSize: 512, scheduledDelayMillis: 1_000, exportTimeoutMillis: EXPORT_MS })],
    });
  }

  start({ agent, requested, route, session, startedAt, traceparent }: CallStart): CallSpan {
    const span = this.#provider.getTracer('vestibule').startSpan(
      `tools/call ${requested.slice(0, MAX_NAME)}`,
      {
        kind: SpanKind.SERVER,
        startTime: startedAt,
        attributes: { 'mcp.method.name': 'tools/call', 'gen_ai.operation.name': 'execute_tool', 'mcp.session.id': session, 'vestibule.agent': agent.slice(0, MAX_NAME), 'vestibule.route': route },
      },
      parentOf(traceparent),
    );
    const { spanId, traceFlags, traceId } = span.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      end: ({ code, outcome, server, tool }: CallEnd) => {
        if (tool !== undefined) span.setAttribute('gen_ai.tool.name', tool.slice(0, MAX_NAME));
        if (server !== undefined) span.setAttribute('vestibule.server', server.slice(0, MAX_NAME));
        span.setAttribute('vestibule.outcome', outcome);
        if (outcome !== 'ok') {
          span.setAttribute('error.type', code ?? outcome);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  }

  async close(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#provider.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}

/** The address that takes traces: one without a path gets the usual one (OTLP exporter specification). */
export function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1/traces';
  return url.href;
}

function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = validTraceparent(traceparent)?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true });
}

/** The library tells nobody that an export failed. */
function reporting(exporter: SpanExporter, failed: (message: string) => void): SpanExporter {
  let failing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined && !failing) failed(result.error.message);
        failing = result.error !== undefined;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
