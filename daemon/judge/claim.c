/*
 * claim - which script a message comes from, as far as its sender can be believed
 *
 * Job:     see claim.h.
 * Touches: the engine, asked for findings.
 */
#include "claim.h"

#include <stdio.h>
#include <string.h>

#include "hub.h"
#include "text.h"
#include "xmem.h"

void
claim_of_wrapper(const struct claims *c, char path[PATH_MAX])
{
	path[0] = '\0';
	if (c->script[0] == '/')
		(void)text_copy(path, PATH_MAX, c->script);
	else if (c->script[0] != '\0')
		(void)snprintf(path, PATH_MAX, "%s/%s", c->cwd, c->script);
}

void
claim_of_header(const struct claims *c, char path[PATH_MAX])
{
	const char *base = c->header, *colon = strchr(base, ':');

	if (colon != NULL)
		base = colon + 1;
	path[0] = '\0';
	if (base[0] == '/')
		(void)text_copy(path, PATH_MAX, base);
	else if (base[0] != '\0' && strchr(base, '/') == NULL)
		(void)snprintf(path, PATH_MAX, "%s/%s", c->cwd, base);
}

char *
claim_name(const struct claims *c, uint32_t uid)
{
	char claims[3][PATH_MAX];
	int64_t points, worst = -1;
	size_t i, best = 2;

	claim_of_wrapper(c, claims[0]);
	claim_of_header(c, claims[1]);
	(void)snprintf(claims[2], sizeof claims[2], "%s/", c->cwd);
	for (i = 0; i < 3; i++) {
		if (claims[i][0] == '\0')
			continue;
		points = engine_points(hub.engine, uid, claims[i]);
		/* a directory in which a malicious file lies is such a claim too */
		if (i == 2 && worst >= 0 && points < hub.conf.malicious_points)
			continue;
		if (points > worst) {
			worst = points;
			best = i;
		}
	}
	return xstrdup(claims[best]);
}
