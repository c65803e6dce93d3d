/*
 * scan - the verbs of mailbrake(1) that work without the daemon: scan, rules
 *
 * Job:     look into files with the same workers as the daemon; check rules.
 * Touches: the files named, standard output and error, mailbrake-scan.
 */
#ifndef MAILBRAKE_CLIENT_SCAN_H
#define MAILBRAKE_CLIENT_SCAN_H

/*
 * mailbrake scan [--json] [--hits] [--rules DIR]... [--jobs N] [--conf FILE] [--resume
 * FILE] PATH... argv[0] is "scan". Exit status: 0 nothing found, 1 something malicious or
 * suspicious, 2 not all could be looked at, or stopped (and nothing was found), 64 usage,
 * or the state of another scan, 69 no worker or no rules.
 */
int scan_main(int argc, char **argv);

/* mailbrake rules check|test [--json] [--cost] [PATH...]; argv[0] is "rules". */
int rules_main(int argc, char **argv);

#endif
