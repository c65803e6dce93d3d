/* engine_load on any bytes; the checksum is mended so that what is behind it is reached.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine_conf c;
	struct engine *e;
	struct err err;
	struct explanation x;
	uint8_t *copy = malloc(size + 4);
	uint32_t sum = 2166136261U, uid;
	size_t len;

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	for (size_t i = 0; i < size; i++)
		sum = (sum ^ data[i]) * 16777619U;
	for (unsigned i = 0; i < 4; i++)
		copy[size + i] = (uint8_t)(sum >> (8 * i));
	engine_conf_defaults(&c);
	e = engine_new(&c, NULL, NULL);
	(void)engine_load(e, data, size, &err);
	if (engine_load(e, copy, size + 4, &err) == 0 && size >= 5) {
		struct engine_stats st;
		struct answer a;
		struct submission s = {
		    .t = {INT64_C(1800000000000000)}, .rcpts = 1, .own = -1};

		engine_stats(e, &st);
		for (uid = 0; uid < 2000; uid++) {
			if (!engine_explain(e, uid, &x))
				continue;
			s.uid = uid;
			engine_submission(e, &s, &a);
			free(engine_save(e, uid, &len));
		}
	}
	engine_free(&e);
	free(copy);
	return 0;
}
