/*
 * engine_conf - the engine's settings from mailbrake.conf
 *
 * Job:     struct conf -> struct engine_conf, in one place for the daemon and for replay.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_ENGINE_CONF_H
#define MAILBRAKE_ENGINE_CONF_H

#include "conf.h"
#include "policy.h"

void engine_conf_take(struct engine_conf *out, const struct conf *c);

#endif
