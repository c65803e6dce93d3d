/*
 * manual - the parts of the manuals that are made from tables
 *
 * Job:     see manual.c.
 * Touches: standard output.
 */
#ifndef MAILBRAKE_MANUAL_H
#define MAILBRAKE_MANUAL_H

/* Print the part `what`: "example" (mailbrake.conf), "mdoc-settings", "mdoc-verbs",
 * "mdoc-rows", "mdoc-reasons". 1 printed, 0 no such part, -1 it could not be printed. */
int manual_print(const char *what);

#endif
