/*
 * webshell - programs that run what a request brings
 */

private rule php_calls_settled
{
	meta:
		group = "info"
		weight = 0
		description = "PHP that was taken apart, and whose calls all turned out to be of its own functions"
		since = "0.2"
		reference = "rules/README"
	condition:
		php_seen == 1 and php_budget == 0 and php_broken == 0 and php_dynamic_calls == 0 and
		php_taint_call == 0 and php_hidden_calls == 0 and php_call_given == 0 and
		php_call_request == 0 and php_taint_eval == 0 and php_taint_exec == 0 and
		php_taint_code == 0 and php_callback_sinks == 0 and php_eval_count == 0 and
		php_includes == 0 and php_layers == 0 and php_folds == 0 and php_decoders == 0 and
		php_escapes == 0 and php_globals_hex == 0
}

rule shell_eval_request
{
	meta:
		group = "webshell"
		weight = 100
		description = "eval or assert of request data, decoded or not"
		since = "0.1"
		reference = "one-line shells"
	strings:
		$a = /\b(eval|assert)\s{0,4}\(\s{0,4}([@"'?>.\s(!]{1,4}|[a-z0-9_]{1,30}\s?\(){0,8}\$\{?['"]?_(GET|POST|REQUEST|COOKIE|FILES)\b/ nocase
		$b = /\b(eval|assert)\s{0,4}\(\s{0,4}([@"'?>.\s(!]{1,4}|[a-z0-9_]{1,30}\s?\(){0,8}(\$_SERVER\s?\[\s?['"]HTTP_|\$HTTP_|getallheaders|['"]php:\/\/input|getenv\s?\(\s?['"]HTTP)/ nocase
	condition:
		any of them
}

rule shell_exec_request
{
	meta:
		group = "webshell"
		weight = 90
		description = "a command from the request is run"
		since = "0.1"
		reference = "one-line shells"
	strings:
		$a = /\b(system|exec|passthru|shell_exec|popen|proc_open|pcntl_exec)\s{0,4}\(\s{0,4}([@"'.\s(]{1,4}|(base64_decode|stripslashes|trim|urldecode|str_rot13|hex2bin|strrev)\s?\(|['"][a-z\/ -]{0,20}['"]\s?\.\s?){0,6}\$\{?['"]?_(GET|POST|REQUEST|COOKIE|FILES|SERVER\s?\[\s?['"]HTTP_)/ nocase
		$b = /(=|echo|print|return|\()\s?@?`[^`\n]{0,80}\$\{?_(GET|POST|REQUEST|COOKIE|SERVER\[['"]?HTTP_)/
	condition:
		any of them
}

rule shell_call_request
{
	meta:
		group = "webshell"
		weight = 100
		description = "a function whose name comes from the request is called"
		since = "0.1"
		reference = "variable function shells"
	strings:
		// not a method of an object: that is how old frameworks dispatch
		$a = /[^>]\$\{?['"]?_(GET|POST|REQUEST|COOKIE)['"]?\}?\s?[\[{]\s?['"$]?[^\]\}]{0,40}[\]}]\s?\(\s?[@"'\s]{0,3}\$/ nocase
		$b = /\b(call_user_func|call_user_func_array|register_shutdown_function|register_tick_function|set_error_handler|array_map)\s?\(\s?@?\s?\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
		$c = /\b(usort|uasort|uksort|array_filter|array_reduce|array_udiff|array_walk|array_walk_recursive|array_uintersect|preg_replace_callback|mb_ereg_replace_callback|iterator_apply|forward_static_call)\s?\(\s?(array\s?\(|\[)?[^;()\[]{0,60}[\])]?\s?,\s?@?\$_(GET|POST|REQUEST|COOKIE)\s?[\[{][^\]}]{0,30}[\]}]\s?\)/ nocase
		$d = /new\s+ReflectionFunction\s?\(\s?\$_(GET|POST|REQUEST|COOKIE)/ nocase
		$e = /[^>]\$_(GET|POST|REQUEST|COOKIE)\s?[\[{][^\]}]{0,40}[\]}]\s?\(\s?\)/ nocase
	condition:
		any of them
}

rule shell_create_function
{
	meta:
		group = "webshell"
		weight = 90
		description = "create_function with a body from the request or from a decoder"
		since = "0.1"
		reference = "shells without the word eval"
	strings:
		$a = /create_function\s?\(\s?['"][^'"]{0,20}['"]\s?,\s?['"]?\s?([@"'?>.\s(]{1,3}|[a-z0-9_]{1,30}\s?\(){0,6}\$_(GET|POST|REQUEST|COOKIE)/ nocase
		$b = /create_function\s?\(\s?['"][^'"]{0,20}['"]\s?,\s?['"]?\s?(eval|assert|base64_decode|gzinflate|str_rot13|gzuncompress|strrev)\s?\(/ nocase
	condition:
		any of them
}

rule shell_preg_e
{
	meta:
		group = "webshell"
		weight = 100
		description = "preg_replace whose /e modifier runs a request, a decoder or eval"
		since = "0.1"
		reference = "shells without the word eval"
	strings:
		$a = /preg_(replace|filter)\s?\(\s?["'][^"'\n]{1,100}[\/#~|}\])@!%][imsxu]{0,4}e[imsxu]{0,4}["']\s?,\s?["'\s@]{0,3}([^,;]{0,80}(eval|assert|base64|gzinfl)|(\\x65|\\145)|\$_(GET|POST|REQUEST|COOKIE)|@?[a-z_0-9]{0,20}\(?\$_(GET|POST|REQUEST|COOKIE))/ nocase
		$b = /preg_(replace|filter)\s?\(\s?@?\$_(GET|POST|REQUEST|COOKIE)\s?[\[{][^,;]{1,60},\s?@?\$_(GET|POST|REQUEST|COOKIE)/ nocase
		$c = /mb_ereg_replace\s?\([^;]{1,120}\$_(GET|POST|REQUEST|COOKIE)[^;]{0,60}['"][imsxp]{0,3}e['"]/ nocase
	condition:
		any of them
}

rule shell_include_request
{
	meta:
		group = "webshell"
		weight = 40
		description = "a file named by the request is run"
		since = "0.1"
		reference = "inclusion shells; old careless sites do it too"
	strings:
		$a = /\b(include|require)(_once)?\s?\(?\s?@?\s?\(?\s?\$_(GET|POST|REQUEST|COOKIE)\s?[\[{][^;\]}]{1,40}[\]}]\s?\)?\s?\)?\s?;/ nocase
		$b = /\b(include|require)(_once)?\s?\(?\s?@?\s?\$_FILES/ nocase
		$c = /\b(include|require)(_once)?\s?\(?\s?@?\s?['"]php:\/\/input/ nocase
	condition:
		any of them
}

rule shell_many_ways
{
	meta:
		group = "webshell"
		weight = 60
		description = "tries one function after another to run a command"
		since = "0.1"
		reference = "the command function of every large shell"
	strings:
		$1 = /\bsystem\s?\(\s?\$/ nocase
		$2 = /\bpassthru\s?\(\s?\$/ nocase
		$3 = /\bshell_exec\s?\(\s?\$/ nocase
		$4 = /[^_>:$a-z]exec\s?\(\s?\$/ nocase
		$5 = /\bpopen\s?\(\s?\$/ nocase
		$6 = /\bproc_open\s?\(\s?\$/ nocase
		$req = /\$_?(GET|POST|REQUEST|COOKIE|FILES)\b|HTTP_(GET|POST)_VARS|register_globals/
	condition:
		$req and 4 of ($1,$2,$3,$4,$5,$6)
}

rule shell_console
{
	meta:
		group = "webshell"
		weight = 60
		description = "a page to look round on a server: commands, safe mode, disabled functions, users, system"
		since = "0.1"
		reference = "the head of every large shell"
	strings:
		$1 = "disable_functions" nocase
		$2 = "safe_mode" nocase
		$3 = "php_uname" nocase
		$4 = "posix_getpwuid" nocase
		$5 = "/etc/passwd" nocase
		$6 = "open_basedir" nocase
		$7 = "disk_free_space" nocase
		$8 = /\b(passthru|shell_exec|system|popen|proc_open)\s?\(/ nocase
		$9 = "fileperms" nocase
		$10 = "uname -a"
		$11 = /\b(bind|back) ?connect|backconnect|bindport|bind port|port bind/ nocase
		$12 = "/bin/sh"
		$13 = /\$_(GET|POST|REQUEST|COOKIE)\s?\[\s?['"](cmd|act|command|exec|eval|dir|chdir|cwd|path|c)['"]/ nocase
		$14 = "getmyuid" nocase
		$15 = "magic_quotes_gpc" nocase
		$16 = "SERVER_SOFTWARE"
	condition:
		filesize < 512KB and
		(has_php == 1 or php_ext == 1) and 7 of them
}

rule shell_console_full
{
	meta:
		group = "console"
		weight = 60
		description = "a shell's whole tool-box in one file"
		since = "0.1"
		reference = "large shells"
	strings:
		$1 = "disable_functions" nocase
		$2 = "php_uname" nocase
		$3 = /posix_get(pwuid|egid|uid)/ nocase
		$4 = "/etc/passwd" nocase
		$5 = /\b(bind|back) ?connect|backconnect|bindport|bind port|port bind/ nocase
		$6 = "/bin/sh"
		$7 = "uname -a"
		$8 = /brute ?force|bruteforce/ nocase
		$9 = /mass[ _]?deface|deface|hacked by|0wned|rooted/ nocase
		$10 = /self ?remove|selfremove|self ?kill|suicide|unlink\s?\(\s?(__FILE__|\$_SERVER\[['"]SCRIPT_FILENAME)/ nocase
		$11 = /\b(symlink|symlink) ?\(|sym ?link/ nocase
		$12 = /config ?grab|cpanel ?crack|\/var\/cpanel|\/etc\/valiases|named\.conf/ nocase
		$13 = /sql ?(manager|client|shell)|mysql_list_dbs|show databases/ nocase
		$14 = /\b(passthru|shell_exec)\s?\(/ nocase
		$15 = /\b(gcc|wget|curl|lynx|fetch) -?[a-z]{0,3} ?/
		$16 = "disk_total_space" nocase
		$17 = /safe[_ ]mode/ nocase
		$18 = /netstat|ipconfig|ifconfig|whoami/ nocase
	condition:
		8 of them
}

rule shell_names_itself
{
	meta:
		group = "named"
		weight = 60
		description = "calls itself a shell, or bears a known shell's name"
		since = "0.1"
		reference = "titles and comments of published shells"
	strings:
		$1 = /\b(c99|r57|c100|wso|b374k|filesman|indoxploit|idx|alfa ?team|alfa ?shell|p0wny|weevely|c3286|mini ?shell|marijuana|gecko ?shell|0byt3m1n1|1n73ction|indrajith|antichat|phpspy|webadmin|locus7s|mad ?shell|mr\.? ?robot shell|sadrazam|egyspider|symlink ?shell|k2ll33d|priv8|cyb3r ?sh3ll|php ?remote ?view|storm7|ngsh|nstview|safe0ver|simattacker|zaco|ru24post|tryag|kral|shell ?bypass|bypass ?shell|lfi ?scanner|pouya|xlshell|nixshell|ani-shell|andela|leaf ?php|ghost ?shell|wsox?|anonymous ?fox|fox ?auto)\b[^a-z\n]{0,12}(sh[e3]ll|php|mailer|by|coded|v?[0-9]|team|-|::|\[|<|')/ nocase
		$2 = /(web|php|mini|small|simple|private|priv8|bypass|cgi|perl|backdoor|upload|remote|reverse|bind) ?-?_?sh[e3]ll/ nocase
		$3 = /hacked by|defaced by|coded by|c0ded by|cod3d by|recoded by|greetz|gr33tz|own(ed|z) by|pwned/ nocase
		$4 = /h4ck|h4x|0wn|pwn3d|sh3ll|l33t|cr3w|b4ckd00r|r00t|k3rn3l|bypa55/ nocase
		$5 = "FilesMan" fullword
		$6 = "webshell" nocase
		$7 = "backdoor" nocase
		$list = /\breturn\s?\[|\barray\s?\(| = \[/ // signatures, words to block: no deed, no shell
	condition:
		((filesize < 512KB and 3 of ($1,$2,$3,$4,$5,$6,$7)) or $5) and
		(has_php == 0 or (php_seen == 1 and ((view == 0 and php_main > 0 and not $list) or
		php_taint_read > 0 or php_taint_write_name > 0 or php_taint_url > 0 or
		php_header_reads > 0 or php_input_reads > 0 or php_sock_open > 0 or
		php_mail_calls > 0 or php_request_reads > 0 or php_echo_count > 0 or
		php_eval_count > 0 or php_exec_count > 0 or php_write_count > 0 or
		php_dynamic_calls > 0 or php_includes > 0 or php_functions > 0 or php_tags > 1 or
		php_lead_bytes > 0 or php_tail_bytes > 0 or php_layers > 0)))
}

rule shell_variable_call
{
	meta:
		group = "webshell"
		weight = 60
		description = "a function named by a variable is called with request data"
		since = "0.1"
		reference = "one-line shells with a hidden function name"
	strings:
		$a = /[^>:\w$]\$\{?\w{1,40}\}?(\s?[\[{][^\]}\n]{1,30}[\]}]){0,3}\s?\(\s?@?\$\{?_(GET|POST|REQUEST|COOKIE)\s?[\[{]/
		$b = /[^>:\w$]\$\w{1,40}\s?\(\s?@?(base64_decode|stripslashes|gzinflate|str_rot13|urldecode|hex2bin)\s?\(\s?\$_(GET|POST|REQUEST|COOKIE)/
		$c = /\$_{1,9}\s?\(\s?@?\$_{1,9}\w{0,9}\s?[\[)]/
		$d = /\(\s?\$_\w{0,3}\s?=\s?@?\$_(GET|POST|REQUEST|COOKIE)\s?\[[^\]]{0,20}\]\s?\)\s?\.?\s?@?\s?\$/
		$app = /sugarEntry|defined\s?\(\s?['"]SMF|\bnamespace\s|ABSPATH|_JEXEC|\bextends\s|@package/
	condition:
		any of ($a,$b,$c,$d) and not $app and php_namespaces == 0 and
		(has_php == 0 or (php_seen == 1 and not php_calls_settled))
}

rule shell_variable_call_tiny
{
	meta:
		group = "size"
		weight = 50
		description = "little more than a call with a hidden name or callback and request data"
		since = "0.1"
		reference = "one-line shells"
	strings:
		$req = /\$_(GET|POST|REQUEST|COOKIE|SERVER|FILES?)\b|php:\/\/input|getallheaders/
		$call = /\$\w{0,30}(\[[^\]\n]{1,20}\]){0,3}(\(\$_|\( \$_|\(@\$_|\(stripslashes|\(base64_decode\(\$_|\(\$_(GET|POST|REQUEST|COOKIE))/
		$cb = /\b(call_user_func|call_user_func_array|register_shutdown_function|register_tick_function|array_map|array_walk|array_walk_recursive|usort|uasort|uksort|array_filter|array_reduce|array_u?diff_u?\w{0,5}|array_uintersect|preg_replace_callback|mb_ereg_replace_callback|iterator_apply|forward_static_call(_array)?|ob_start|filter_var|filter_var_array|array_udiff(_assoc)?|array_intersect_u\w{2,5}|set_error_handler|spl_autoload_register)\s?\(/
		$run = /\b(eval|assert|system|exec|passthru|shell_exec|popen|create_function|proc_open)\s?\(\s?@?\s?[$("']/ nocase
		$pe = /preg_(replace|filter)\s?\(\s?["'][^"'\n]{1,60}[\/#~|}@!%][imsxu]{0,3}e[imsxu]{0,3}["']/
		$inc = /\b(include|require)(_once)?\b|\bnamespace\b|->|phpunit|Test\b/ nocase
		$plain = /\b(array_map|array_filter|array_walk|usort)\s?\(\s?['"](trim|rtrim|intval|floatval|strtolower|strtoupper|htmlspecialchars|strip_tags|stripslashes|str_getcsv|is_numeric|strlen|ucfirst|basename)['"]|\barray_filter\s?\(\s?array_map\s?\(/
		$safe = /\b(escapeshellarg|password_verify|hash_equals)\s?\(|FILTER_VALIDATE_/
	condition:
		view == 0 and filesize < 900 and $req and (php_dynamic_calls > 0 or ($call and (has_php == 0 or (php_seen == 1 and not php_calls_settled))) or #cb > #plain or $run or $pe) and not $inc
		and (not $safe or php_taint_call > 0 or php_taint_exec > 0 or php_taint_eval > 0 or php_taint_code > 0)
}

rule shell_callback_code
{
	meta:
		group = "webshell"
		weight = 100
		description = "assert, eval or a command function is handed over as a callback"
		since = "0.1"
		reference = "callback shells"
	strings:
		$a = /\b(call_user_func|call_user_func_array|register_shutdown_function|register_tick_function|array_map|ob_start|forward_static_call(_array)?|set_error_handler|array_walk|array_walk_recursive|iterator_apply)\s?\(\s?(array\s?\(|\[)?\s?['"]?(assert|system|exec|passthru|shell_exec|eval|popen|create_function|phpinfo)['"]?\s?[,)]/ nocase
		$b = /\b(array_filter|usort|uasort|uksort|array_reduce|array_udiff\w{0,12}|array_uintersect\w{0,12}|array_walk\w{0,12}|array_diff_u\w{2,6}|array_intersect_u\w{2,6}|preg_replace_callback|mb_ereg_replace_callback|iterator_apply)\s?\([^;]{1,80},\s?['"]?(assert|system|exec|passthru|shell_exec|eval|create_function)['"]?\s?[,)]/ nocase
		$c = /->\s?(uasort|uksort|usort|filter|map|walk|addServer|each|setCallback|fetch)\s?\([^;]{0,60}['"](assert|system|exec|passthru|shell_exec|eval)['"]/ nocase
		$d = /create_function\s?\([^;]{1,40}(return\s{1,3})?(assert|eval|system)\s?\(\s?\\?\$/ nocase
		$e = /['"]options['"]\s?=>\s?['"](assert|system|exec|passthru|shell_exec|eval)['"]/ nocase
		$f = /\$\w{1,30}(\[[^\]]{1,20}\])?\s?=\s?['"](assert|passthru|shell_exec|create_function)['"]\s?;\s{0,4}[@$]/ nocase
		$g = /new\s+Reflection(Function|Method)\s?\(\s?['"](assert|system|exec|passthru|shell_exec|eval)/ nocase
	condition:
		any of them
}

rule shell_eval_variable_small
{
	meta:
		group = "webshell"
		weight = 70
		description = "a small program that runs a variable and reads the request"
		since = "0.1"
		reference = "small shells and loaders"
	strings:
		$run = /\b(eval|assert|system|passthru|shell_exec|popen|proc_open)\s?\(\s?@?\s?(['"]\?>['"]\s?\.\s?)?(stripslashes|trim|base64_decode|urldecode|gzinflate|gzuncompress|str_rot13|hex2bin)?\s?\(?\s?\$\w{1,40}\s?\)?\s?[.)]/ nocase
		$exec = /[^_>:$\w]exec\s?\(\s?@?["']?\$\w{1,40}/ nocase
		$req = /\$_?(GET|POST|REQUEST|COOKIE|FILES)\b|HTTP_(RAW_)?POST|php:\/\/input|\$_SERVER\s?\[\s?['"]HTTP_|getallheaders/
		$framework = /\b(namespace|extends|implements|ABSPATH|_JEXEC|BASEPATH|wp_nonce|add_action|IN_PHPBB|private function|public function|protected|escapeshell(arg|cmd)|TestCase|include_once|require_once|@package)\b|defined\s?\(\s?['"]/
	condition:
		filesize < 12KB and ($run or $exec) and $req and not $framework and php_namespaces == 0
}

rule shell_reverse
{
	meta:
		group = "webshell"
		weight = 100
		description = "a shell handed to a connection"
		since = "0.1"
		reference = "reverse and bind shells"
	strings:
		$sock = /\b(fsockopen|socket_create|stream_socket_client|socket_connect|socket_create_listen|stream_socket_server)\s?\(/ nocase
		$sh = /\b(proc_open|shell_exec|system|passthru|exec|popen)\s?\(\s?['"$]/ nocase
		$1 = /\/bin\/(ba|z|tc|c)?sh\b|cmd\.exe|uname -a|bash -i|\bsh -i/
		$2 = /\bport\b/ nocase
		$4 = /socket\s?\(\s?SOCK(ET)?,\s?PF_INET|use IO::Socket|connect\s?\(\s?SOCK/
		$w = /fwrite\s?\(\s?\$sock|fputs\s?\(\s?\$\w{1,10}\s?,\s?[^;]{0,30}(exec|system)|socket_write|stream_select/ nocase
	condition:
		filesize < 40KB and (($sock and $sh and $1 and $2 and $w) or ($4 and $1 and $2))
}

rule flooder
{
	meta:
		group = "abuse"
		weight = 100
		description = "floods a host named by the request with datagrams"
		since = "0.1"
		reference = "udp flood scripts"
	strings:
		$udp = /(fsockopen|pfsockopen|stream_socket_client)\s?\(\s?['"](udp|tcp|ssl)?:?\/?\/?['"]?\s?[.\$'"]/ nocase
		$udp2 = /['"]udp:\/\// nocase
		$loop = /while\s?\(\s?(1|true|time\s?\(\)|\$\w+\s?[<>])|for\s?\(\s?\$\w+\s?=\s?0/ nocase
		$time = /\$max_time|\$exec_time|\$_(GET|POST|REQUEST)\s?\[\s?['"]?(time|exec_time|host|ip|port|packets?|length)['"]?\s?\]/ nocase
		$fill = /str_repeat\s?\(|\$out\s?\.=|chr\s?\(\s?(rand|mt_rand|mt_srand)|\$packets?\s?\+\+|rand\s?\(\s?1\s?,\s?65/ nocase
		$word = /flood|slowloris|ddos|\bdos\b|packets/ nocase
	condition:
		filesize < 60KB and $loop and $time and (($udp2 and $fill) or ($udp and $word and $fill) or ($word and $udp2))
}
