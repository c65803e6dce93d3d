/*
 * rulecost - what each rule costs libyara
 *
 * Job:     time every rule alone over some files.
 * Touches: the files, the clock of this process, standard error.
 */
#ifndef MAILBRAKE_RULECOST_H
#define MAILBRAKE_RULECOST_H

#include <stdbool.h>

#include "rules.h"

/*
 * Print one line a rule, dearest first: milliseconds for a megabyte of the files below
 * dir (at most 4 MB of them, fewer when all rules would take more than a minute), and the
 * dearest string of the first twelve; then over what it was taken and how exact that is. A
 * progress line on standard error when that is a terminal. 0, or 66 when there is no file.
 */
int rule_cost(struct rules *r, const char *dir, bool json);

#endif
