/** What a process that runs the engine wants in its environment; it must be there when the process starts. */

/**
 * glibc: huge pages make new memory cheaper. Blocks from 4 MiB on go back to the system when they are freed: in the heap, where glibc
 * would soon put those of up to 32 MiB, they leave holes that a large model's training cannot fill (small models keep their memory in
 * onnxruntime's arena).
 */
export const ENGINE_ENVIRONMENT: Readonly<Record<string, string>> = {
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304',
};
