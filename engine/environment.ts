/** What a process that runs the engine wants in its environment; it must be there when the process starts. */

/** glibc: keep big activations out of mmap (a page fault a page otherwise). */
export const ENGINE_ENVIRONMENT: Readonly<Record<string, string>> = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };
