/*
 * fuzz_php_unpack - each decoder by itself
 *
 * Job:     the first byte says what: any bytes into one decoder (its result is as long
 *          as it can be and can be read); or text, encoded here, which must come back.
 * Touches: nothing.
 */
#include "php_coders.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
decode(struct php *p, const struct coder *c, const void *s, size_t n, struct val *out)
{
	const char *trail;
	php_fn *fn = php_fn_decode(c->w, &trail);
	struct val a;

	HOLDS(fn != NULL && strcmp(trail, c->trail) == 0);
	php_v_str(&a, s, n);
	*out = php_unknown(0);
	if (!fn(p, &a, 1, out))
		return false;
	HOLDS(out->t == V_STR);
	(void)part_sum(0, out->u.s, out->len);
	return true;
}

/* Any bytes into one decoder. */
static void
try_bytes(struct php *p, const struct coder *c, const char *s, size_t n)
{
	struct val out, back;

	if (!decode(p, c, s, n, &out))
		return;
	if (c->den == 0)
		HOLDS(out.len != 0 && out.len <= PART_OUTPUT / 2);
	else
		HOLDS(out.len <= n * c->num / c->den + 3);
	if (c->w == W_STR_ROT13 || c->w == W_STRREV) {
		HOLDS(decode(p, c, out.u.s, out.len, &back) && back.len == n);
		HOLDS(n == 0 || memcmp(back.u.s, s, n) == 0);
	}
}

/* Text, encoded, must come back. */
static void
try_text(struct php *p, const struct coder *c, const char *s, size_t n)
{
	static struct text in, packed;
	struct val out;

	in.n = packed.n = 0;
	put(&in, s, n);
	c->encode(&in, &packed);
	if (n == 0)
		return; /* what inflates to nothing is no result */
	HOLDS(decode(p, c, packed.s, packed.n, &out));
	HOLDS(out.len == n && memcmp(out.u.s, s, n) == 0);
}

/* Strings under ^, one as long as the other: twice gives the text. */
static void
try_xor(struct php *p, const char *s, size_t n)
{
	static const char key[] = "k3Y\x80\xff\x01";
	struct val a, k, b;
	char *pad = php_raw(p, n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		pad[i] = key[i % (sizeof(key) - 1)];
	php_v_str(&a, s, n);
	php_v_str(&k, pad, n);
	b = a;
	HOLDS(php_binary(p, O_XOR, &b, &k) && b.t == V_STR && b.len == n);
	HOLDS(php_binary(p, O_XOR, &b, &k) && b.t == V_STR && b.len == n);
	HOLDS(n == 0 || memcmp(b.u.s, s, n) == 0);
}

static void
parts(struct php *p, unsigned what)
{
	const char *s = p->file.s;
	size_t n = p->file.len;

	what %= 2 * CODERS + 1;
	if (what < CODERS)
		try_bytes(p, &coders[what], s, n);
	else if (what < 2 * CODERS)
		try_text(p, &coders[what - CODERS], s, n);
	else
		try_xor(p, s, n);
}

/* Nothing on this stack frame changes after setjmp. */
static void
guarded(struct php *p, unsigned what)
{
	if (setjmp(p->out_of_it) == 0)
		parts(p, what);
	else
		HOLDS(p->stop == PHP_STOP_STEPS || p->stop == PHP_STOP_MEMORY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct php *p;

	if (p == NULL)
		p = part_engine(20000);
	if (size < 1 || size > TEXT_MAX)
		return 0;
	php_clear(p);
	p->file.len = (uint32_t)(size - 1);
	p->file.s = part_copy(data + 1, size - 1, 0);
	guarded(p, data[0]);
	return 0;
}
