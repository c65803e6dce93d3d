/*
 * events - read the kernel's event buffers
 *
 * Job:     see events.h.
 * Touches: nothing.
 */
#include "events.h"

#include <string.h>
#include <sys/inotify.h>

#include <linux/fanotify.h>

int
ino_next(const void *buf, size_t len, size_t *at, struct ino_event *out)
{
	const char *p = (const char *)buf + *at;
	struct inotify_event ev;

	if (*at == len)
		return 0;
	if (len - *at < sizeof ev)
		return -1;
	memcpy(&ev, p, sizeof ev);
	if (ev.len > len - *at - sizeof ev)
		return -1;
	out->wd = ev.wd;
	out->mask = ev.mask;
	out->name = "";
	if (ev.len > 0) {
		out->name = p + sizeof ev;
		if (memchr(out->name, '\0', ev.len) == NULL)
			return -1;
	}
	*at += sizeof ev + ev.len;
	return 1;
}

/* One DFID_NAME record: header, fsid, handle length and type, handle, name. */
static int
dfid_name(const unsigned char *p, size_t len, struct fan_event *out)
{
	const size_t fixed = sizeof(struct fanotify_event_info_header) + 8 + 8;
	size_t name;

	if (len < fixed)
		return -1;
	memcpy(&out->fsid, p + sizeof(struct fanotify_event_info_header), 8);
	memcpy(&out->handle_len, p + fixed - 8, 4);
	memcpy(&out->handle_type, p + fixed - 4, 4);
	if (out->handle_len > len - fixed)
		return -1;
	name = fixed + out->handle_len;
	if (memchr(p + name, '\0', len - name) == NULL)
		return -1;
	out->handle = p + fixed;
	out->name = (const char *)p + name;
	return 0;
}

int
fan_next(const void *buf, size_t len, size_t *at, struct fan_event *out)
{
	const unsigned char *p = (const unsigned char *)buf + *at;
	struct fanotify_event_metadata m;
	size_t pos;

	if (*at == len)
		return 0;
	if (len - *at < sizeof m)
		return -1;
	memcpy(&m, p, sizeof m);
	if (m.vers != FANOTIFY_METADATA_VERSION || m.event_len < sizeof m ||
	    m.event_len > len - *at || m.metadata_len < sizeof m ||
	    m.metadata_len > m.event_len)
		return -1;
	memset(out, 0, sizeof *out);
	out->mask = m.mask;
	out->pid = m.pid;
	out->name = "";
	for (pos = m.metadata_len;
	     m.event_len - pos >= sizeof(struct fanotify_event_info_header);) {
		struct fanotify_event_info_header h;

		memcpy(&h, p + pos, sizeof h);
		if (h.len < sizeof h || h.len > m.event_len - pos)
			return -1;
		if (h.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME &&
		    dfid_name(p + pos, h.len, out) != 0)
			return -1;
		pos += h.len;
	}
	*at += m.event_len;
	return 1;
}
