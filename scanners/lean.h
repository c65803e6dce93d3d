/*
 * lean - give back what a waiting process does not need
 *
 * Job:     drop the pages of programs and libraries from this process: they stay in the
 *          page cache, and come back one by one when they are used.
 * Touches: this process's page tables, /proc/self/smaps.
 */
#ifndef MAILBRAKE_LEAN_H
#define MAILBRAKE_LEAN_H

/* Only mappings of files that are not writable and have no page of our own in them (what
 * the loader relocated stays). Bytes of address space dropped; 0 also when it cannot be
 * told. */
unsigned long lean_drop_files(void);

#endif
