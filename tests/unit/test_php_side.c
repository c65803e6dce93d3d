/*
 * test_php_side - data that goes on by another way than a value
 *
 * Job:     rows of (PHP, a fact and its value).
 * Touches: nothing.
 */
#include <string.h>
#include "php.h"
#include "t.h"

static const struct row {
	const char *in, *fact;
	int64_t value;
} rows[] = {
    {"<?php function g(&$o){$o=$_POST['c'];}g($x);system($x);", "php_taint_exec", 1},
    {"<?php function g(&$o){$o='ls';}g($x);system($x);", "php_taint_exec", 0},
    {"<?php function g($o){$o=$_POST['c'];}g($x);system($x);", "php_taint_exec", 0},
    {"<?php function g($i,&$o){$o=$i;}g($_POST['c'],$x);system($x);", "php_taint_exec",
     1},
    {"<?php class K{function g($i,&$o){$o=$i;}}$k=new "
     "K;$k->g($_POST['c'],$x);system($x);",
     "php_taint_exec", 1},
    {"<?php function f(&$v){$v=$v.'t';}$a='asser';f($a);$a($_GET['c']);",
     "php_taint_eval", 1},
    {"<?php $g=function(&$o){$o=$_POST['c'];};$g($x);eval($x);", "php_taint_eval", 1},
    {"<?php $g=function()use(&$x){$x=$_POST['c'];};$g();eval($x);", "php_taint_eval", 1},
    {"<?php $g=function()use($x){$x=$_POST['c'];};$g();eval($x);", "php_taint_eval", 0},
    {"<?php $x=(function(){return $_POST['c'];})();eval($x);", "php_taint_eval", 1},
    {"<?php $y=$_POST['c'];$g=fn()=>$y;eval($g());", "php_taint_eval", 1},
    {"<?php function g(){yield $_POST['c'];}foreach(g() as $x)eval($x);",
     "php_taint_eval", 1},
    {"<?php function g(){$a=func_get_args();eval($a[0]);}g($_POST['c']);",
     "php_taint_eval", 1},
    {"<?php class K{function __construct(private $d){}function g(){eval($this->d);}}"
     "(new K($_POST['c']))->g();",
     "php_taint_eval", 1},
    {"<?php class K{function __construct($d){}function g(){eval($this->d);}}"
     "(new K($_POST['c']))->g();",
     "php_taint_eval", 0},
    {"<?php $r=&$_POST;system($r['c']);", "php_taint_exec", 1},
    {"<?php $y=$_POST['c'];$a=compact('y');system($a['y']);", "php_taint_exec", 1},
    {"<?php sscanf($_POST['c'],'%s',$x);system($x);", "php_taint_exec", 1},
    {"<?php $a=[1];foreach($a as &$v){$v=$_POST['c'];}system($a[0]);", "php_taint_exec",
     1},
    {"<?php foreach(['_GET','_POST'] as $n)system($$n['c']);", "php_taint_exec", 1},
    {"<?php $s=new SplStack;$s->push($_POST['c']);system($s->pop());", "php_taint_exec",
     1},
    {"<?php $s=new S;$s->log($_POST['c']);system($s->pop());", "php_taint_exec", 0},
    {"<?php try{throw new Exception($_POST['c']);}catch(Exception $e)"
     "{system($e->getMessage());}",
     "php_taint_exec", 1},
    {"<?php ob_start();echo $_POST['c'];eval(ob_get_clean());", "php_taint_eval", 1},
    {"<?php echo $_POST['c'];ob_start();eval(ob_get_clean());", "php_taint_eval", 0},
    {"<?php ob_start(function($c){eval($c);});echo $_POST['c'];", "php_taint_eval", 1},
    {"<?php $t='/a/b';file_put_contents($t,$_POST['c']);include '/a/b';",
     "php_include_wrote", 1},
    {"<?php $t=$d.'.php';$h=fopen($t,'w');fwrite($h,$_POST['c']);include $t;",
     "php_include_wrote", 1},
    {"<?php file_put_contents($t,$_POST['c']);include $u;", "php_include_wrote", 0},
    {"<?php file_put_contents($t,'x');include $t;$_POST['c'];`x`;", "php_include_wrote",
     0},
    {"<?php $h=fopen('php://memory','w+');fwrite($h,$_POST['c']);system(fread($h,9));",
     "php_taint_exec", 1},
    {"<?php $s=fsockopen('a',1);fwrite($s,$_POST['c']);system(fgets($s));",
     "php_taint_exec", 0},
    {"<?php class K{function on($n,$c){$this->h[$n]=$c;}function go($v)"
     "{foreach($this->h as $c)$c($v);}}$k=new K;$k->on('r',function($p){eval($p);});"
     "$k->go($_POST['c']);",
     "php_taint_eval", 1},
    {"<?php if(0){include 'a.php';}include 'b.php';`x`;", "php_includes", 1},
    {"<?php if(false)require 'a.php';`x`;", "php_includes", 0},
    {"<?php if($a)require 'a.php';`x`;", "php_includes", 1},
    {"<?php class SMTP{function a(){}function b(){}function c(){}function d(){}"
     "function e(){}}mail($a,1,2);",
     "php_phpmailer", 0},
    {"<?php class SMTP{function a(){return 1;}}mail($a,1,2);", "php_phpmailer", 1},
    {"<?php (x)(1);`x`;", "php_exec_count", 1}, /* the first name of all */
    {"<?php $k=new class($_POST['c']){function __construct($v){system($v);}};",
     "php_taint_exec", 1},
    {"<?php class K implements ArrayAccess{function offsetGet($k){return $_POST[$k];}}"
     "$k=new K;system($k['c']);",
     "php_taint_exec", 1},
    {"<?php class K{function getIterator(){return new A([$_POST['c']]);}}"
     "foreach(new K as $x)system($x);",
     "php_taint_exec", 1},
    {"<?php class K{function r($k,$f){return $this->s[$k]=$f();}}$c=new K;"
     "system($c->r('p',fn()=>$_POST['c']));",
     "php_taint_exec", 1},
    {"<?php error_log($_POST['b'],1,$_POST['t']);", "php_taint_mail_to", 1},
    {"<?php error_log($_POST['b'],3,$_POST['t']);", "php_taint_mail_to", 0},
    {"<?php mail('','s','b','Bcc: '.$_POST['l']);", "php_taint_mail_to", 1},
    {"<?php mail($o,'s','b','From: '.$_POST['l']);", "php_taint_mail_to", 0},
    {"<?php (new Email)->from('a')->to($_POST['t']);`x`;", "php_taint_mail_to", 1},
    {"<?php (new Path)->from('a')->to($_POST['t']);`x`;", "php_taint_mail_to", 0},
    {"<?php foreach($l as $t){$c=curl_init('http://a/b');"
     "curl_setopt($c,CURLOPT_POSTFIELDS,$_POST['x']);}",
     "php_post_loop", 1},
    {"<?php $c=curl_init('http://a/b');curl_setopt($c,CURLOPT_POSTFIELDS,$_POST['x']);",
     "php_post_loop", 0},
    {"<?php copy($_GET['u'],$_GET['n']);", "php_taint_write_data", 1},
    {"<?php $c='W';if($z)$c=$_GET['c'];call_user_func([$c,'get']);", "php_taint_call", 0},
    {"<?php function cmd_a($x){echo 1;}$f='cmd_'.$_GET['a'];$f($_GET['x']);",
     "php_taint_call", 0},
    {"<?php function cmd_a($x){system($x);}$f='cmd_'.$_GET['a'];$f($_GET['x']);",
     "php_taint_exec", 1},
    {"<?php function cmd_a($x){echo 1;}$f='sys'.$_GET['a'];$f($_GET['x']);",
     "php_taint_call", 1},
    {"<?php $t=['a'=>function($x){system($x);}];$h=$t[$_GET['a']]??null;$h($_GET['x']);",
     "php_taint_exec", 1},
    {"<?php $t=['a'=>function($x){echo 1;}];$h=$t[$_GET['a']];$h($_GET['x']);`x`;",
     "php_dynamic_calls", 0},
    {"<?php $t=['a'=>'b'];$h=$t[$_GET['a']];$h($_GET['x']);`x`;", "php_dynamic_calls", 1},
    {"<?php function f(){}$t=['a'=>'f'];$h=$t[$_GET['a']]??$_GET['f'];$h($_GET['x']);",
     "php_taint_call", 1},
    {"<?php function f(){}$t=['a'=>'f'];$h=$t[$_GET['a']]?\?'f';$h($_GET['x']);",
     "php_taint_call", 0},
    {"<?php function f(){}function g(&$t,$v){$t['b']=$v;}$t=['a'=>'f'];g($t,$_GET['f']);"
     "$t[$_GET['k']]($_GET['x']);",
     "php_taint_call", 1},
};

static int64_t
fact(const struct php_view *v, const char *name)
{
	size_t n, i;
	const struct php_fact_row *r = php_fact_rows(&n);

	for (i = 0; i < n; i++)
		if (strcmp(r[i].name, name) == 0)
			return *(const int64_t *)((const char *)&v->facts + r[i].offset);
	T_CHECK(false, "no fact %s", name);
	return -1;
}

/* What is looked through at each of many places counts as work there: the look ends by its
 * own budget, with what was found so far, and not by the worker's processor time. */
static void
hostile(struct php *p)
{
	static const char *const many[] = {
	    "if(in_array($_GET['a'],$l)){}",
	    "if(array_key_exists($_GET['a'],$l)){}",
	    "$b=in_array($_GET['a'],$l)?$_GET['a']:1;",
	    "$t[$_GET[1]]($_GET[2]);",
	    "$q='pre'.$_GET[1];",
	    "if($s==$u){}",
	    "$nothing($_GET[1]);",
	};
	static char in[1 << 20];

	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		const struct php_view *v;
		size_t n = (size_t)snprintf(in, sizeof(in),
					    "<?php system($_GET['c']);"
					    "function pre_a($x){return $x;}$t=[");

		for (int k = 0; k < 64; k++)
			n += (size_t)snprintf(in + n, sizeof(in) - n,
					      "function($a,$b,$c){return $a;},");
		n += (size_t)snprintf(in + n, sizeof(in) - n, "];$l=[");
		for (int k = 0; k < 3000; k++)
			n += (size_t)snprintf(in + n, sizeof(in) - n, "'k%d'=>'v%d',", k,
					      k);
		n += (size_t)snprintf(in + n, sizeof(in) - n,
				      "];$s='%050000d';$u='%050000d';", 0, 0);
		while (n < sizeof(in) - 100)
			n += (size_t)snprintf(in + n, sizeof(in) - n, "%s", many[i]);
		v = php_look(p, in, n);
		T_CHECK(v->stop == PHP_STOP_STEPS, "%s: stop %d, %llu steps", many[i],
			(int)v->stop, (unsigned long long)v->steps);
		T_CHECK(fact(v, "php_taint_exec") == 1, "%s: what was before it is lost",
			many[i]);
	}
}

int
main(void)
{
	struct php_limits lim;
	struct php *p;
	size_t i;

	php_limits_default(&lim);
	p = php_new(&lim);
	T_CHECK(p != NULL, "no memory");
	for (i = 0; p != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct php_view *v = php_look(p, rows[i].in, strlen(rows[i].in));
		int64_t is = fact(v, rows[i].fact);

		T_CHECK(is == rows[i].value, "row %zu: %s: %s is %lld", i, rows[i].in,
			rows[i].fact, (long long)is);
	}
	if (p != NULL)
		hostile(p);
	php_free(&p);
	return T_DONE();
}
