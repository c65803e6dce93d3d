/*
 * compiled - see compiled.h
 *
 * Job:     the key, the file, the parts.
 * Touches: the directory, the pipe, the files of the loaded libraries (stat).
 */
#include "compiled.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <hs.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts.h"
#include "keepdir.h"
#include "php.h"
#include "rules.h"
#include "xmem.h"

#define MAGIC "MBCOMP1\n"
#define SUM 32
#define HEAD (sizeof MAGIC - 1 + SUM + SUM)

struct compiled {
	int dir_fd, out_fd;
	bool found;
	unsigned char key[SUM];
	char name[2 * SUM + 1];
	unsigned char *file; /* as found; the parts point into it */
	struct {
		const unsigned char *at;
		size_t len;
		unsigned char *own; /* kept, not found */
	} part[COMPILED_PARTS];
};

struct compiled *
compiled_new(int dir_fd, int out_fd)
{
	struct compiled *c = xcalloc(1, sizeof *c);

	c->dir_fd = dir_fd;
	c->out_fd = out_fd;
	return c;
}

static void
drop_parts(struct compiled *c)
{
	size_t i;

	for (i = 0; i < COMPILED_PARTS; i++) {
		free(c->part[i].own);
		c->part[i].own = NULL;
		c->part[i].at = NULL;
		c->part[i].len = 0;
	}
	free(c->file);
	c->file = NULL;
	c->found = false;
}

void
compiled_free(struct compiled **c)
{
	if (*c == NULL)
		return;
	drop_parts(*c);
	free(*c);
	*c = NULL;
}

/* --- the key -------------------------------------------------------------------------
 */

static void
add(EVP_MD_CTX *d, const void *p, size_t len)
{
	const uint64_t n = len;

	(void)EVP_DigestUpdate(d, &n, sizeof n);
	(void)EVP_DigestUpdate(d, p, len);
}

static void
add_text(EVP_MD_CTX *d, const char *s)
{
	add(d, s, strlen(s));
}

#if UINTPTR_MAX > 0xffffffffU
typedef Elf64_Ehdr elf_head;
typedef Elf64_Phdr elf_part;
#else
typedef Elf32_Ehdr elf_head;
typedef Elf32_Phdr elf_part;
#endif

/* The program or library that holds this address: its notes (the build id is one). */
static void
add_object(EVP_MD_CTX *d, const void *inside, bool library)
{
	const unsigned char *base;
	const elf_head *h;
	const elf_part *p;
	struct stat st;
	Dl_info o;
	size_t i;

	if (dladdr(inside, &o) == 0 || o.dli_fbase == NULL)
		return;
	base = o.dli_fbase;
	h = (const elf_head *)(const void *)base;
	p = (const elf_part *)(const void *)(base + h->e_phoff);
	for (i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_NOTE)
			add(d, base + p[i].p_vaddr, p[i].p_memsz);
	if (library && stat(o.dli_fname, &st) == 0) {
		add(d, &st.st_size, sizeof st.st_size);
		add(d, &st.st_mtim, sizeof st.st_mtim);
	}
}

static void
add_facts(EVP_MD_CTX *d)
{
	const struct php_fact_row *row;
	size_t i, n;

#define FACT_INT(id, text) add_text(d, #id);
#define FACT_STR(id, text) add_text(d, #id);
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	row = php_fact_rows(&n);
	for (i = 0; i < n; i++)
		add_text(d, row[i].name);
}

static bool
make_key(struct compiled *c, const struct rules *r)
{
	EVP_MD_CTX *d = EVP_MD_CTX_new();
	hs_platform_info_t cpu;
	unsigned n = 0;
	bool ok;
	size_t i;

	memset(&cpu, 0, sizeof cpu);
	ok = d != NULL && EVP_DigestInit_ex(d, EVP_sha256(), NULL) == 1 &&
	     hs_populate_platform(&cpu) == HS_SUCCESS;
	if (ok) {
		add_text(d, MAGIC MB_VERSION " " YR_VERSION);
		add_text(d, hs_version());
		add(d, &cpu, sizeof cpu);
		add_object(d, MAGIC, false); /* this program */
		add_object(d, (const void *)(uintptr_t)yr_initialize, true);
		add_object(d, (const void *)(uintptr_t)hs_version, true);
		add_facts(d);
		for (i = 0; i < r->source_count; i++) {
			const char *slash = strrchr(r->source[i].path, '/');

			add_text(d, slash != NULL ? slash + 1 : r->source[i].path);
			add(d, r->source[i].text, r->source[i].len);
		}
		ok = EVP_DigestFinal_ex(d, c->key, &n) == 1 && n == SUM;
	}
	EVP_MD_CTX_free(d);
	for (i = 0; i < SUM; i++)
		(void)snprintf(c->name + 2 * i, 3, "%02x", c->key[i]);
	if (!ok)
		c->name[0] = '\0';
	return ok;
}

/* --- the file ------------------------------------------------------------------------
 */

static bool
sum_of(const void *p, size_t len, unsigned char *out)
{
	unsigned n = 0;

	return EVP_Digest(p, len, out, &n, EVP_sha256(), NULL) == 1 && n == SUM;
}

/* Take the file apart: every part there, nothing left over. */
static bool
take_apart(struct compiled *c, size_t len)
{
	const unsigned char *p = c->file;
	unsigned char sum[SUM];
	size_t at = HEAD, i;
	uint64_t n;

	if (len < HEAD || memcmp(p, MAGIC, sizeof MAGIC - 1) != 0 ||
	    memcmp(p + sizeof MAGIC - 1, c->key, SUM) != 0 ||
	    !sum_of(p + HEAD, len - HEAD, sum) || memcmp(p + HEAD - SUM, sum, SUM) != 0)
		return false;
	for (i = 0; i < COMPILED_PARTS; i++) {
		if (len - at < sizeof n)
			return false;
		memcpy(&n, p + at, sizeof n);
		at += sizeof n;
		if (n > len - at)
			return false;
		c->part[i].at = p + at;
		c->part[i].len = (size_t)n;
		at += (size_t)n;
	}
	return at == len;
}

bool
compiled_find(struct compiled *c, const struct rules *r)
{
	void *file;
	size_t len;
	struct err e;

	drop_parts(c);
	if (!make_key(c, r) || c->dir_fd < 0 ||
	    keepdir_read(c->dir_fd, c->name, &file, &len, &e) != 0)
		return false;
	c->file = file;
	c->found = take_apart(c, len);
	if (!c->found)
		drop_parts(c);
	return c->found;
}

bool
compiled_found(const struct compiled *c)
{
	return c->found;
}

const void *
compiled_part(const struct compiled *c, enum compiled_part which, size_t *len_out)
{
	*len_out = c->part[which].len;
	return c->part[which].at;
}

void
compiled_spoil(struct compiled *c)
{
	drop_parts(c);
}

void
compiled_keep(struct compiled *c, enum compiled_part which, const void *data, size_t len)
{
	if (c->found || (c->dir_fd < 0 && c->out_fd < 0))
		return;
	free(c->part[which].own);
	c->part[which].own = xmemdup(data, len);
	c->part[which].at = c->part[which].own;
	c->part[which].len = len;
}

static unsigned char *
put_together(const struct compiled *c, size_t *len_out)
{
	unsigned char *p;
	size_t len = HEAD, at = HEAD, i;

	for (i = 0; i < COMPILED_PARTS; i++) {
		if (c->part[i].at == NULL)
			return NULL;
		len += sizeof(uint64_t) + c->part[i].len;
	}
	if (len > KEEPDIR_BYTES_MAX || (p = malloc(len)) == NULL)
		return NULL;
	for (i = 0; i < COMPILED_PARTS; i++) {
		const uint64_t n = c->part[i].len;

		memcpy(p + at, &n, sizeof n);
		memcpy(p + at + sizeof n, c->part[i].at, c->part[i].len);
		at += sizeof n + c->part[i].len;
	}
	memcpy(p, MAGIC, sizeof MAGIC - 1);
	memcpy(p + sizeof MAGIC - 1, c->key, SUM);
	if (!sum_of(p + HEAD, len - HEAD, p + HEAD - SUM)) {
		free(p);
		return NULL;
	}
	*len_out = len;
	return p;
}

static int
write_out(int fd, const unsigned char *p, size_t len, struct err *e)
{
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	int rc = 0;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = err_sys(e, "compiled rules: pipe");
			break;
		}
		p += n;
		len -= (size_t)n;
	}
	(void)signal(SIGPIPE, old);
	return rc;
}

int
compiled_write(struct compiled *c, struct err *e)
{
	unsigned char *p = NULL;
	struct stat st;
	size_t len = 0;
	int rc = 0;

	if (c->found || c->name[0] == '\0')
		return 0;
	if (c->out_fd >= 0) {
		p = put_together(c, &len);
		if (p != NULL)
			rc = write_out(c->out_fd, p, len, e);
	} else if (c->dir_fd >= 0 && fstat(c->dir_fd, &st) == 0 &&
		   st.st_uid == geteuid()) {
		p = put_together(c, &len);
		if (p != NULL)
			rc = keepdir_check(c->dir_fd, e) != 0
				 ? -1
				 : keepdir_write(c->dir_fd, c->name, p, len, e);
	}
	free(p);
	return rc;
}
