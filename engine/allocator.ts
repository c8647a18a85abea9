/** Settings of the C library for processes in which models train. It reads them when a process starts, so they are its environment. */

/**
 * Huge pages make new memory cheaper. Blocks from 4 MiB on go back to the system when they are freed: in the heap, where glibc
 * would soon put those of up to 32 MiB, they leave holes that a large model's training cannot fill.
 */
export const ALLOCATOR_ENV = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304' };
