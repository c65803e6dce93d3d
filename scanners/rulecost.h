/*
 * rulecost - what each rule costs libyara
 *
 * Job:     time every rule alone over some files.
 * Touches: the files, the clock of this process.
 */
#ifndef MAILBRAKE_RULECOST_H
#define MAILBRAKE_RULECOST_H

#include <stdbool.h>

#include "rules.h"

/*
 * Print one line a rule, dearest first: milliseconds for a megabyte of the files below
 * dir (at most 64 MB of them), and its dearest string. 0, or 66 when there is no file.
 */
int rule_cost(struct rules *r, const char *dir, bool json);

#endif
