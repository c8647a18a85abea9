/** What a process that runs the engine wants in its environment; it must be there when the process starts. */

/**
 * glibc: blocks from 4 MiB on go back to the system when they are freed. In the heap, where glibc would soon put those of up to
 * 32 MiB, they leave holes that a large model's scoring cannot fill (training and small models keep their memory in onnxruntime's
 * arena).
 */
export const ENGINE_ENVIRONMENT: Readonly<Record<string, string>> = { GLIBC_TUNABLES: 'glibc.malloc.mmap_threshold=4194304' };
