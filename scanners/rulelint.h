/*
 * rulelint - what libyara accepts and we would not
 *
 * Job:     notes (rules.h) on loaded rules: metadata, expressions that jump
 *          without bound or begin with anything, names used twice.
 * Touches: nothing but the notes.
 * Source:  rules/README, HOW TO WRITE ONE.
 *
 * A rule in our form (it has a weight, or a group and a since) is held to all of it:
 * NOTE_LINT. One of a foreign set works as it is: NOTE_WARNING, and what all rules of a
 * file lack is said once.
 */
#ifndef MAILBRAKE_RULELINT_H
#define MAILBRAKE_RULELINT_H

#include "rules.h"

/* Look at every source of r that is not broken. What libyara warned of in a rule of our
 * form becomes NOTE_LINT too. */
void rules_lint(struct rules *r);

#endif
