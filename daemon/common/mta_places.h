/*
 * mta_places - where a mail system's log and programs are
 *
 * Job:     one table for those who look: mtlog and doctor for the log, hands and doctor
 *          for the programs.
 * Touches: asks whether a file is there, no more.
 * Source:  Debian, RHEL, cPanel, DirectAdmin and Plesk as they install them.
 */
#ifndef MAILBRAKE_MTA_PLACES_H
#define MAILBRAKE_MTA_PLACES_H

#include "conf.h"

/* Lists for an array of paths; the first that is there counts. */
#define MTA_EXIM "/usr/sbin/exim4", "/usr/sbin/exim", "/usr/exim/bin/exim"
#define MTA_POSTFIX(name) "/usr/sbin/" name, "/usr/local/sbin/" name

/* The log that mta_log means: its value, or for "auto" the first of the usual places that
 * is there, "journal" or "none". Points into c, or lives for ever. */
const char *mta_places_log(const struct conf *c);

/* Is a program of it there? */
bool mta_places_exim(void);
bool mta_places_postfix(void);

#endif
