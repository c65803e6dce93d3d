/*
 * fuzz_php_taint - request data is followed from where it is read to where it does harm
 *
 * Job:     the bytes choose a source, a chain of ways to hand a value on, and a sink;
 *          the program so made must bear the mark @@taint SINK SOURCE. With a constant
 *          in the source's place there must be no mark and no fact of taint. Looked at
 *          twice, with another program between, a view must be the same.
 * Touches: nothing.
 */
#include "php_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CODE_MAX (8 << 10)
#define STEPS_MAX 10
#define INPUT_MAX 128
#define ROUNDS 3 /* what functions return is followed so often, no more */

/* %a: the variable before, %b: the one after, %l: a few of the bytes, %n: the step. */
static const struct source_of {
	const char *code, *name;
} sources[] = {
    {"$_POST['k']", "POST"},
    {"$_POST", "POST"},
    {"$_GET[\"k\"]", "GET"},
    {"$_GET[0]", "GET"},
    {"$_COOKIE[k]", "COOKIE"},
    {"$_REQUEST['x'.'%l']", "REQUEST"},
    {"${'_PO'.'ST'}['%l']", "POST"},
    {"$_FILES['f']['name']", "FILES"},
    {"$_SERVER['HTTP_X_'.'%l']", "HEADER"},
    {"file_get_contents('php://input')", "INPUT"},
    {"$HTTP_GET_VARS['k']", "GET"},
};

static const char *const steps[] = {
    "$%b=$%a;",
    "$%b='%l'.$%a;",
    "$%b=$%a.'%l';",
    "$%b=\"x{$%a}y\";",
    "$%b=\"$%a\";",
    "$%b=trim($%a);",
    "$%b=StrToLower($%a);",
    "$%b=strrev($%a);",
    "$%b=str_rot13($%a);",
    "$%b=base64_decode($%a);",
    "$%b=stripslashes($%a);",
    "$%b=urldecode($%a);",
    "$%b=substr($%a,0,9);",
    "$%b=str_replace('x','%l',$%a);",
    "$%b=implode(',',array('%l',$%a));",
    "$%b=array('k'=>$%a);$%b=$%b['k'];",
    "$%b['k']['y%n']=$%a;$%b=$%b['k']['y%n'];",
    "if($z):$%b='%l';else:$%b=$%a;endif;",
    "foreach(array('%l',$%a) as $%b){echo 1;}",
    "$%b=&$%a;",
    "$o->p%n=$%a;$%b=$o->p%n;",
    "list(,$%b)=array('%l',$%a);",
    "[$%b]=[$%a];",
    "$%b=$z?$%a:'%l';",
    "$%b=$z?:$%a;",
    "$%b=$z??$%a;",
    "$n='%a';$%b=$$n;",
    "$GLOBALS['%b']=$%a;",
    "$%b='%l';$%b.=$%a;",
    "while($i<3){$%b=$%a;$i++;}",
    "for($i=0;$i<strlen($z);$i++)$%b=$%a;",
    "do{$%b=$%a;}while($z);",
    "function f%n($x){return '%l'.$x;}$%b=f%n($%a);",
    "function f%n(){global $%a;return $%a;}$%b=f%n();",
    "$g=function($x){return $x;};$%b=$g($%a);",
    "$g=function()use($%a){return $%a;};$%b=$g();",
    "class C%n{function m($x){$this->q=$x;return $this->q;}}$o=new C%n;$%b=$o->m($%a);",
    "$%b=sprintf('%s%s','%l',$%a);",
    "function f%n($x,&$o){$o='%l'.$x;}f%n($%a,$%b);",
    "$g=function(&$o)use($%a){$o=$%a;};$g($%b);",
    "$g=function()use($%a,&$%b){$%b=$%a;};$g();",
    "function f%n($x){yield $x;}foreach(f%n($%a) as $%b){}",
    "$q=compact('%a');$%b=$q['%a'];",
    "$q=new SplStack;$q->push($%a);$%b=$q->pop();",
    "class C%n{function __construct(private $u%n){}function m(){return $this->u%n;}}"
    "$o=new C%n($%a);$%b=$o->m();",
    "sscanf($%a,'%s',$%b);",
    "$q=array(1);foreach($q as &$r){$r=$%a;}$%b=$q[0];",
    "$h=fopen('php://memory','w+');fwrite($h,$%a);$%b=fread($h,9);",
    "ob_start();echo $%a;$%b=ob_get_clean();",
    "$%b=(string)$%a;",
    "$%b=(@$%a);",
    "/* '%l */$%b/* ;*/=# x\n$%a//\n;",
    "$%b=call_user_func('trim',$%a);",
    "switch($z){case 1:$%b='%l';break;default:$%b=$%a;}",
    "try{$%b=$%a;}catch(E $e){}",
    "{{$%b=$%a;}}",
    "?>%l<?php $%b=$%a;",
    "echo '%l',$%b=$%a;",
    "$%b=$C=$%a;",
    "$t=explode('x',$%a);$%b=$t[0];",
    "$%b=<<<E\nx $%a y\nE;\n",
    "goto l%n;l%n:$%b=$%a;",
};

static const struct sink_of {
	const char *code, *mark;
} sinks[] = {
    {"eval($%a);", "eval 1"},
    {"eval('%l;'.$%a);", "eval 1"},
    {"@system($%a);", "system 1"},
    {"echo exec($%a,$q);", "exec 1"},
    {"if($z)passthru($%a);", "passthru 1"},
    {"$f='shell_'.'exec';$f($%a);", "shell_exec 1"},
    {"include $%a;", "include 1"},
    {"require_once($%a.'%l');", "include 1"},
    {"mail($%a,'%l','m');", "mail 1"},
    {"mail('a@b.c',$%a,'%l');", "mail 2"},
    {"mail('a@b.c','%l',$%a,'From: x');", "mail 3"},
    {"assert($%a);", "assert 1"},
    {"$%a('%l');", "call 1"},
    {"echo `ls $%a`;", "backtick 1"},
    {"function g($x){eval($x);}g($%a);", "eval 1"},
};

struct maker {
	const uint8_t *s;
	size_t n;
	char code[CODE_MAX];
	size_t len;
	unsigned number; /* of the step, and of the variable before it */
};

static unsigned
next(struct maker *m)
{
	if (m->n == 0)
		return 0;
	m->n--;
	return *m->s++;
}

static void
put(struct maker *m, const char *s, size_t n)
{
	HOLDS(n <= sizeof(m->code) - m->len);
	memcpy(m->code + m->len, s, n);
	m->len += n;
}

/* Inside single quotes, comments and HTML alike: what would end one of them is not in. */
static void
put_text(struct maker *m)
{
	unsigned n = next(m) % 8;

	for (; n > 0 && m->n > 0; n--) {
		char c = (char)next(m);

		if (c == '\'' || c == '\\' || c == '*' || c == '<' || c == '@')
			c = 'x';
		put(m, &c, 1);
	}
}

static void
put_code(struct maker *m, const char *code)
{
	char text[16];
	int n;

	for (; *code != 0; code++) {
		if (*code != '%' || strchr("abln", code[1]) == NULL) {
			put(m, code, 1);
		} else if (*++code == 'l') {
			put_text(m);
		} else {
			n = snprintf(text, sizeof(text), *code == 'n' ? "%u" : "v%u",
				     *code == 'n'   ? m->number
				     : *code == 'a' ? m->number
						    : m->number + 1);
			put(m, text, (size_t)n);
		}
	}
}

/* The program; constant: in the source's place stands a literal. */
static void
make(struct maker *m, const uint8_t *data, size_t size, bool constant,
     const struct source_of **from, const struct sink_of **to)
{
	unsigned n, functions = 0;
	const char *step;

	m->s = data;
	m->n = size;
	m->len = m->number = 0;
	*from = &sources[next(m) % (sizeof(sources) / sizeof(sources[0]))];
	*to = &sinks[next(m) % (sizeof(sinks) / sizeof(sinks[0]))];
	n = next(m) % (STEPS_MAX + 1);
	put_code(m, "<?php $%a=");
	put_code(m, constant ? "'%l'" : (*from)->code);
	put_code(m, ";");
	for (; n > 0 && m->n > 0; n--) {
		step = steps[next(m) % (sizeof(steps) / sizeof(steps[0]))];
		if (strstr(step, "function") != NULL && ++functions > ROUNDS)
			step = steps[0];
		put_code(m, step);
		m->number++;
	}
	put_code(m, (*to)->code);
}

/* Is there a line @@taint SINK .. with this source? any: of whatever sink. */
static bool
marked(const struct php_view *v, const char *sink, const char *name)
{
	static const char mark[] = "\n@@taint ";
	const char *s = v->text, *end = s + v->text_len, *nl;

	while ((s = memmem(s, (size_t)(end - s), mark, sizeof(mark) - 1)) != NULL) {
		s += sizeof(mark) - 1;
		nl = memchr(s, '\n', (size_t)(end - s));
		HOLDS(nl != NULL);
		if (sink == NULL ||
		    ((size_t)(nl - s) > strlen(sink) &&
		     memcmp(s, sink, strlen(sink)) == 0 &&
		     memmem(s, (size_t)(nl - s), name, strlen(name)) != NULL))
			return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct php *p;
	static struct maker m, other;
	const struct source_of *from;
	const struct sink_of *to;
	const struct php_view *v;
	bool constant = size > 0 && data[0] >= 192, right;
	uint64_t sum;

	if (p == NULL)
		p = part_engine(40000);
	if (size > INPUT_MAX)
		return 0;
	make(&m, data, size, constant, &from, &to);
	v = php_look(p, part_copy(m.code, m.len, 0), m.len);
	sum = part_view(v);
	right = constant ? !marked(v, NULL, NULL) && v->facts.taint_eval == 0 &&
			       v->facts.taint_exec == 0
			 : marked(v, to->mark, from->name) || v->stop != PHP_STOP_NONE;
	if (!right)
		fprintf(stderr, "%.*s\n---\n%.*s\n", (int)m.len, m.code, (int)v->text_len,
			v->text);
	HOLDS(right);
	if (!part_one_in(data, size, 8))
		return 0;
	make(&other, data, size, !constant, &from, &to);
	v = php_look(p, part_copy(other.code, other.len, 1), other.len);
	(void)part_view(v);
	v = php_look(p, part_copy(m.code, m.len, 0), m.len);
	HOLDS(part_view(v) == sum);
	return 0;
}
