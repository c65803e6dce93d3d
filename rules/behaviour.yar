/*
 * behaviour - what intruders' programs do besides: hide off the screen, fetch and start
 * programs, carry libraries, ask for a password that is only its hash, show search
 * engines other pages, try other sites
 */

rule hides_off_screen
{
	meta:
		group = "hidden4"
		weight = 90
		description = "code on the line of the open tag, pushed beyond the edge of the screen by blanks"
		since = "0.1"
		reference = "code put before an honest file"
	strings:
		$a = /<\?php[ \t]{80,1000}[^\s\/#*?]/ nocase
		$b = /;    [ \t]{196,2000}[@$a-z?]/ nocase
		$c = /;\t\t\t\t[ \t]{196,2000}[@$a-z?]/ nocase
	condition:
		has_php == 1 and view == 0 and any of them
}

rule runs_fetched_program
{
	meta:
		group = "dropper"
		weight = 70
		description = "commands that fetch a file, make it a program and start it"
		since = "0.1"
		reference = "droppers of miners, bots and mailers"
	strings:
		$get = /['"`; &|(](wget|curl|fetch|lwp-download|lynx)\s[^'"`\n]{0,80}(https?|ftp):\/\/[^'"`\n]{4,200}/ nocase
		$run = /['"`; &|](chmod\s{1,3}(\+x|a\+x|u\+x|0?7[0-7]{2})|perl\s|(ba)?sh\s|python\d?\s|nohup\s)[^'"`\n]{1,120}/ nocase
		$place = /\/tmp\/|\/var\/tmp|\/dev\/shm|['"`;& ]\.\/\w/
		$call = /\b(system|exec|passthru|shell_exec|popen|proc_open|pcntl_exec)\s?\(/ nocase
		$app = /\bnamespace\s|\bextends\s|@package|ABSPATH|_JEXEC/
	condition:
		php_seen == 1 and filesize < 40KB and $get and $run and $call and $place and
		php_functions < 8 and not $app
}

rule carries_library
{
	meta:
		group = "dropper2"
		weight = 70
		description = "carries a compiled program or library as hex or escapes"
		since = "0.1"
		reference = "preloaded libraries, database functions that run commands"
	strings:
		$elf = /(7f454c4601|7f454c4602|\\x7f\\x45\\x4c\\x46\\x0[12]|\\x7fELF\\[x0]?0?[12]|f0VMRgI|f0VMRgE)/ nocase
		$mz = /(4d5a900003000000|4d5a5000020000|\\x4d\\x5a\\x90\\x00\\x03|TVqQAAMAAAAEAAAA|TVpQAAIAAAAEAA8A)/ nocase
		$do = /\b(fwrite|fputs|file_put_contents|system|exec|proc_open|shell_exec|mysqli?_query|dl)\s?\(|dumpfile|->\s?query\s?\(/ nocase
	condition:
		has_php == 1 and filesize < 4MB and any of ($elf,$mz) and $do
}

rule asks_for_hash
{
	meta:
		group = "gate"
		weight = 50
		description = "a field of the request must be a certain hash, or hash to it, before it does anything"
		since = "0.1"
		reference = "shells and loaders with a password"
	strings:
		$a = /\$_(REQUEST|POST|GET|COOKIE)\s?[\[{][^\]}]{1,30}[\]}]\s?\)?\s?={2,3}\s?['"][0-9a-f]{32}['"]/ nocase
		$b = /['"][0-9a-f]{32}['"]\s?={2,3}\s?(md5\s?\(\s?)?\$_(REQUEST|POST|GET|COOKIE)\s?\[/ nocase
		$c = /(md5|sha1)\s?\(\s?(md5|sha1)?\s?\(?\s?@?\$_(REQUEST|POST|GET|COOKIE)\s?[\[{][^\]}]{1,30}[\]}]\s?\)\s?\)?\s?[!=]={1,2}\s?['"][0-9a-f]{32,40}['"]/ nocase
	condition:
		php_seen == 1 and filesize < 400KB and any of them and php_includes < 2
}

rule doorway_by_agent
{
	meta:
		group = "abuse"
		weight = 60
		description = "asks another host, by the visitor's address and agent, what page to show"
		since = "0.1"
		reference = "cloaking, link and pharma doorways"
	strings:
		$bot = /(googlebot|bingbot|yandexbot|baiduspider|google|yahoo|slurp|spider|crawl)/ nocase
		$ua = /HTTP_(USER_AGENT|REFERER|ACCEPT_LANGUAGE)/
		$url = /['"]https?:\/\/[^'"\n]{4,100}\?[^'"\n]{0,80}['"]\s?\.\s?(urlencode\s?\(\s?|base64_encode\s?\(\s?)?(\$_SERVER|\$\w{1,30})/ nocase
		$who = /['"](HTTP_HOST|SERVER_NAME|REMOTE_ADDR|REQUEST_URI)['"]/
		$get = /curl_exec|file_get_contents\s?\(|fsockopen\s?\(|\bfopen\s?\(\s?\$/ nocase
		$show = /\b(echo|print|exit|die|eval)\b\s?\(?\s?[@$a-z]/ nocase
	condition:
		php_seen == 1 and filesize < 60KB and php_classes == 0 and php_includes == 0 and php_framework == 0
		and php_guard == 0 and php_namespaces == 0 and #bot > 1 and $ua and $url and #who > 1 and $get and $show
}

rule tool_against_others
{
	meta:
		group = "abuse"
		weight = 50
		description = "called from a shell, tries other sites one after another, in the words of the trade"
		since = "0.1"
		reference = "scanners, brute forcers, defacers"
	strings:
		$arg = /\$argv\b|\$_SERVER\s?\[\s?['"]argv|\bSTDIN\b|php:\/\/stdin|<textarea/ nocase
		$net = /curl_init|curl_exec|fsockopen|socket_connect|file_get_contents\s?\(\s?@?["'$]/ nocase
		$w = /\b(exploit(ed|er|ing)?|vuln(erable|erability|s)?|deface[drs]?|inject(ion|ed)?|brute ?force[rd]?|sqli|xss|lfi|rfi|shells?|w00t|h4ck\w{0,4}|0day|priv8|zone-?h|cracker|greetz?|coded by|hacke[dr]s?|dork|bypass)\b/ nocase
		$app = /\bnamespace\s|\bextends\s|@package|@license|ABSPATH|_JEXEC|PHPUnit|GNU General|\binterface\s/
	condition:
		php_seen == 1 and filesize < 60KB and $arg and $net and #w > 5 and php_includes == 0
		and php_framework == 0 and php_guard == 0 and php_classes == 0 and not $app
}

rule seeks_writable_places
{
	meta:
		group = "dropper2"
		weight = 60
		description = "walks the site for directories or files it can write, and writes there"
		since = "0.1"
		reference = "droppers that spread"
	strings:
		$w = /is_writ(e)?able\s?\(|->\s?isWritable\s?\(/ nocase
		$walk = /opendir\s?\(|scandir\s?\(|glob\s?\(|RecursiveDirectoryIterator/ nocase
		$pick = /array_rand\s?\(|shuffle\s?\(|\b(mt_)?rand\s?\(/ nocase
		$put = /fwrite\s?\(|fputs\s?\(|file_put_contents\s?\(|copy\s?\(/ nocase
		$root = /DOCUMENT_ROOT|SCRIPT_FILENAME|HTTP_HOST/
	condition:
		php_seen == 1 and filesize < 100KB and all of them and php_classes == 0 and php_includes == 0
		and php_framework == 0 and php_guard == 0 and php_namespaces == 0
}

rule mails_hidden_address
{
	meta:
		group = "hidden4"
		weight = 60
		description = "mails to an address put together letter by letter"
		since = "0.1"
		reference = "what skimmers do with cards"
	strings:
		$a = /(\]\.\$|\] \. \$)\w{1,30}\[["']?\d{1,3}["']?(\]\.\$|\] \. \$)\w{1,30}\[["']?\d{1,3}["']?(\]\.\$|\] \. \$)\w{1,30}\[["']?\d{1,3}["']?(\]\.\$|\] \. \$)\w{1,30}\[["']?\d{1,3}["']?(\]\.\$|\] \. \$)\w{1,30}\[["']?\d{1,3}["']?(\]\.\$|\] \. \$)\w{1,30}\[["']?\d{1,3}["']?(\]\.\$|\] \. \$)\w{1,30}\[["']?\d{1,3}["']?\]/
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(\s?\$/ nocase
	condition:
		has_php == 1 and all of them
}

rule grabs_settings
{
	meta:
		group = "abuse"
		weight = 60
		description = "looks for the settings of several site systems in the directories above"
		since = "0.1"
		reference = "configuration grabbers"
	strings:
		$up = /['"](\.\.\/){2,8}(wp-config|configuration|config|settings|includes\/config)\.php['"]/
		$1 = "wp-config.php"
		$2 = "configuration.php"
		$3 = /DB_PASSWORD|DB_USER/
		$do = /mysqli?_connect|file_get_contents|fopen|mail\s?\(|symlink/ nocase
		$app = /\bnamespace\s|\bextends\s|@package|ABSPATH|_JEXEC/
	condition:
		has_php == 1 and filesize < 100KB and #up > 3 and 1 of ($1,$2,$3) and $do and not $app
}

rule relay_to_shell
{
	meta:
		group = "abuse"
		weight = 50
		description = "hands the request's fields on to a program on another host and shows its answer"
		since = "0.1"
		reference = "relays before a shell"
	strings:
		$all = /=\s?\$_POST\s?;|http_build_query\s?\(\s?\$_POST|implode\s?\([^)]{0,20}\$_POST/ nocase
		$run = /base64_decode|eval|assert|shell|\$_GET\[\d/ nocase
		$url = /['"]https?:\/\/[^'"\n]{4,80}\.(php|asp|jsp)\b/
		$ctx = /stream_context_create|CURLOPT_POSTFIELDS/
	condition:
		php_seen == 1 and filesize < 4KB and all of them and php_classes == 0 and php_functions == 0
}
