/* Lines of a trace. */
#include "../../daemon/client/replay_event.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event *ev = NULL;

	(void)jsonl_event((const char *)data, size, &ev);
	event_free(&ev);
	return 0;
}
