/*
 * What one run of code may use. All of it is held on the trusted side: in the worker, around the virtual machine, or
 * in the process, around the worker.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Memory of the virtual machine, in bytes. */
export const MEMORY_BYTES = 64 * MIB;
/** Stack of the virtual machine, in bytes of its own memory. */
export const STACK_BYTES = 256 * KIB;
/** What the worker's own heap may grow to, in MB: copies of what goes in and out of the virtual machine. */
export const WORKER_HEAP_MB = 128;
/** The worker's native stack, in MB: the virtual machine is to reach its own limit first. */
export const WORKER_STACK_MB = 4;

/** Calls of tools in all, and at the same time. */
export const MAX_CALLS = 100;
export const CALLS_AT_ONCE = 8;
/** Characters of the arguments of one call; the pipeline refuses more than this anyway. */
export const MAX_ARGUMENTS = 2 * MIB;
/** Characters of a tool id that are looked at. */
export const MAX_TOOL_ID = 1_000;

/** Characters of the returned value as text. */
export const MAX_RETURNED = 4 * MIB;
/** Characters and lines of everything that was logged. */
export const MAX_LOGGED = 16 * KIB;
export const MAX_LOG_LINES = 500;
/** Characters of the message of one error, with its stack. */
export const MAX_ERROR = 4_000;

/** Steps of promises before messages from outside get a turn. */
export const JOBS_AT_ONCE = 1_000;
/** How long a worker that does not end itself in time is waited for, in milliseconds. */
export const KILL_AFTER_MS = 1_000;
/** How long the calls of a killed run may take to be called off, in milliseconds. */
export const CALL_OFF_MS = 1_000;
/** Runs at the same time, over all agents. */
export const MAX_RUNS = 4;
