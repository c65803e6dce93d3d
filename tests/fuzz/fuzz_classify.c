/*
 * fuzz_classify - any bytes as a server's answer, and any bytes as a provider table
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provider_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct provider_table *t;
	struct provider_table *own;
	struct provider_verdict v;
	struct err e;
	char host[64] = "";

	if (t == NULL && provider_table_load("rules/providers", &t, &e) == -1)
		abort();
	if (size > 0 && size < 65536 &&
	    provider_table_parse((const char *)data, size, "fuzz", &own, &e) == 0) {
		provider_classify(own, NULL, NULL, 0, (const char *)data, size, &v);
		provider_table_free(&own);
	}
	if (size > 4) {
		memcpy(host, data, size < sizeof(host) ? size : sizeof(host) - 1);
		provider_classify(t, host, host + 3, data[0] * 3, (const char *)data,
				  size, &v);
		if (v.row == NULL || v.action == NULL || v.provider == NULL)
			abort();
	}
	return 0;
}
