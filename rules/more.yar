/*
 * more - behaviours between the families: loaders, doorways, other languages
 */

rule packed_eval_own_function
{
	meta:
		group = "packing2"
		weight = 90
		description = "a function of its own decodes a long literal, and the result is run"
		since = "0.1"
		reference = "encoders that hide the decoder behind a name"
	strings:
		$a = /\beval\s?\(\s?@?["'?>.\s]{0,8}\w{1,40}\s?\(\s?["'][A-Za-z0-9+\/=]{100}/
		$eval = /\b(eval|assert)\b/ nocase
		$out = /(\/\/|#|\/\*)[ \t]{0,20}@?(eval|assert)\b/ nocase
		$own = /\beval\s?\(\s?@?["'?>.\s]{0,8}(base64_decode|gzinflate|gzuncompress|gzdecode|str_rot13|strrev|rawurldecode|urldecode|hex2bin|convert_uudecode|pack)\s?\(\s?["'][A-Za-z0-9+\/=]{100}/ nocase
		$b = /\beval\s?\(\s?[a-zA-Z_]\w{3,20}\s?\(\s?\$\w{1,20}\s?,\s?\$\w{1,20}\s?\)\s?\)/
		$c = /\beval\s?\(\s?[a-zA-Z_]\w{2,40}\s?\(\s?(base64_decode|gzinflate|gzuncompress|str_rot13|strrev|hex2bin)\s?\(\s?\$\w{1,40}/ nocase
		$dec = /base64_decode|gzinflate|gzuncompress|str_rot13|chr\s?\(/ nocase
	condition:
		$dec and ((($a and #a > #own) or $b or $c) and (#out == 0 or #eval > #out))
}

rule packed_filler_calls
{
	meta:
		group = "packing2"
		weight = 80
		description = "names and code in pieces, the filler taken out by a function under another name"
		since = "0.1"
		reference = "weevely-like generators"
	strings:
		$a = /\$\w{2,12}\s?\(\s?("\w{1,6}"|'\w{1,6}')\s?,\s?(""|'')\s?,\s?["'$]/
	condition:
		#a > 1
}

rule packed_url_code
{
	meta:
		group = "packing2"
		weight = 90
		description = "PHP code carried in percent escapes"
		since = "0.1"
		reference = "droppers with an encoded payload"
	strings:
		$a = /["'](%3C%3Fphp|%24\w{2,20}%20%3D%20|%24GLOBALS%5B|%65%76%61%6c%28)/ nocase
		$b = /urldecode|unescape|\bwrite|fopen|file_put_contents/ nocase
	condition:
		$a and $b
}

rule loader_copies_request
{
	meta:
		group = "loader"
		weight = 70
		description = "walks over everything a request brings, keys too, or keeps it under a hidden name"
		since = "0.1"
		reference = "loaders keyed by parameter names"
	strings:
		$a = /\$GLOBALS\s?\[[^\]]{1,24}\]\s?=\s?\$_(POST|COOKIE|GET|REQUEST)\s?;/
		$b = /foreach\s?\(\s?\$_(POST|COOKIE|GET|REQUEST)\s+as\s+\$\w+\s?=>\s?\$\w+\s?\)\s?\{?\s{0,8}if\s?\(\s?(strlen|md5|substr_count|ord)\s?\(/
		$c = /array\s?\(\s?['"]_(COOKIE|POST|GET|REQUEST)['"]\s?,\s?['"]_(COOKIE|POST|GET|REQUEST)['"]/
		$e = /\beval\s?\(|\bcreate_function\s?\(/
		$app = /\bnamespace\s|\bextends\s|ABSPATH|_JEXEC|stripslashes|@package|addslashes|htmlspecialchars/
	condition:
		filesize < 60KB and any of ($a,$b,$c) and ($e or php_dynamic_calls > 0) and not $app
}

rule shell_old_globals
{
	meta:
		group = "webshell"
		weight = 70
		description = "a page whose field reaches a command through register_globals"
		since = "0.1"
		reference = "shells of the PHP 4 years"
	strings:
		$a = /\b(system|passthru|shell_exec|exec|popen)\s?\(\s?["']?\$(cmd|command|cmnd|komut|exec|comando|execute|shell|cmdline|do_cmd|shcmd)\b/ nocase
		$form = /<form|<input/ nocase
		$app = /\bnamespace\s|\bextends\s|ABSPATH|_JEXEC|escapeshell|@package|private function|include_once|require_once|include\s?\(|require\s?\(/
	condition:
		filesize < 120KB and $a and $form and not $app
}

rule shell_symlink_tool
{
	meta:
		group = "webshell"
		weight = 80
		description = "links into other accounts' sites and reads their settings"
		since = "0.1"
		reference = "configuration grabbers"
	strings:
		$link = /symlink\s?\(|ln -s/ nocase
		$1 = "/etc/passwd"
		$2 = "wp-config.php"
		$3 = "configuration.php"
		$4 = /public_html/
		$5 = /\.htaccess/
		$6 = /\/etc\/(named\.conf|valiases|virtual)|\/var\/named/
		$7 = /(vb|includes\/config|whm|submitticket|Settings\.php|conf_global)/
	condition:
		filesize < 200KB and $link and 3 of ($1,$2,$3,$4,$5,$6,$7)
}

rule doorway
{
	meta:
		group = "abuse"
		weight = 50
		description = "shows search engines other pages, fetched from elsewhere"
		since = "0.1"
		reference = "cloaking, link and pharma doorways"
	strings:
		$bot = /(googlebot|bingbot|slurp|yandex|yahoo|msnbot|baiduspider|aol|bing)[^\n]{1,40}(googlebot|bingbot|slurp|yandex|yahoo|msnbot|baidu|aol|google)/ nocase
		$ua = /HTTP_(USER_AGENT|REFERER)/
		$get = /curl_exec|file_get_contents\s?\(\s?["'$]|fsockopen/ nocase
		$send = /REMOTE_ADDR|HTTP_HOST/
		$enc = /urlencode|base64_encode|serialize\s?\(|md5\s?\(/ nocase
		$url = /https?:\/\/|base64_decode|\.(ru|info|biz|top|xyz|in|cn|tk)['"\/]/
		$app = /\bnamespace\s|\bextends\s|ABSPATH|_JEXEC|@package|\bclass\s+\w|add_action|\nuse \w|DOKU_/
	condition:
		filesize < 60KB and $bot and $ua and $get and $send and $enc and $url and not $app
}

rule shell_asp
{
	meta:
		group = "webshell"
		weight = 100
		description = "an ASP page that runs what the request brings"
		since = "0.1"
		reference = "one-line ASP shells and large ones"
	strings:
		$open = "<%"
		$a = /\b(eval|execute|executeglobal)\s?\(?\s?(request|session)\b/ nocase
		$b = /wscript\.shell/ nocase
		$c = /\.exec\s?\(|\.run\s?\(|cmd\.exe|cmd \/c/ nocase
		$d = /request\s?(\.form|\.querystring|\.item)?\s?\(/ nocase
	condition:
		$open and ($a or ($b and $c and $d))
}

rule shell_jsp
{
	meta:
		group = "webshell"
		weight = 100
		description = "a JSP page that runs what the request brings"
		since = "0.1"
		reference = "JSP shells"
	strings:
		$open = "<%"
		$a = /getRuntime\s?\(\s?\)\s?\.\s?exec\s?\(|ProcessBuilder\s?\(|defineClass\s?\(/
		$b = /request\s?\.\s?get(Parameter|Header|Reader|InputStream|Session)/
	condition:
		$open and $a and $b
}

rule settings_prepend
{
	meta:
		group = "settings"
		weight = 60
		description = "a directory's own settings run a file before every page, or images as programs"
		since = "0.1"
		reference = ".user.ini and .htaccess tricks"
	strings:
		$a = /(^|\n)\s{0,8}(php_value\s+)?auto_(prepend|append)_file\s{0,4}=?\s{0,4}["']?[^"'\n]{0,120}\.?(ico|jpe?g|png|gif|txt|tmp|log|\/\.[\w]+|php:\/\/input|data:)/ nocase
		$b = /(AddType|AddHandler|SetHandler)\s+[^\n]{0,30}(x-httpd-php|php\d?-script|cgi-script)[^\n]{0,60}\.(jpe?g|png|gif|ico|txt|pdf|css|bmp|svg|webp)/ nocase
		$c = /<FilesMatch[^>]{1,80}(jpe?g|png|gif|ico|txt)[^>]{0,40}>\s{0,20}(SetHandler|ForceType)\s+[^\n]{0,30}php/ nocase
	condition:
		has_php == 0 and filesize < 64KB and any of them
}

rule settings_deny_others
{
	meta:
		group = "settings"
		weight = 60
		description = "a directory's settings refuse every program but one or two named ones"
		since = "0.1"
		reference = ".htaccess that intruders leave to keep others out"
	strings:
		$deny = /<FilesMatch\s+["'][^"'\n]{0,40}(php|suspected|phtml|py|exe)[^"'\n]{0,80}["']>\s{0,20}Order\s+(allow,\s?deny|deny,\s?allow)\s{1,20}Deny from all/ nocase
		$allow = /<FilesMatch\s+["']\^[\w.|()\\-]{4,200}\.php[^"'\n]{0,20}["']>\s{0,20}Order\s+(allow,\s?deny|deny,\s?allow)\s{1,20}Allow from all/ nocase
	condition:
		has_php == 0 and filesize < 64KB and $deny and $allow
}

rule context_upload_dir
{
	meta:
		group = "context"
		weight = 15
		description = "PHP in a directory made for uploads, images or caches"
		since = "0.1"
		reference = "rules/README, CONTEXT"
	condition:
		view == 0 and has_php == 1 and in_upload_dir == 1
}

rule context_double_extension
{
	meta:
		group = "context"
		weight = 20
		description = "PHP under two extensions, one of them harmless"
		since = "0.1"
		reference = "rules/README, CONTEXT"
	condition:
		view == 0 and has_php == 1 and double_ext == 1
}

rule context_core_name
{
	meta:
		group = "context"
		weight = 20
		description = "the name of a core file where the core has none"
		since = "0.1"
		reference = "rules/README, CONTEXT"
	condition:
		view == 0 and has_php == 1 and core_name_misplaced == 1
}

rule context_hidden
{
	meta:
		group = "context"
		weight = 15
		description = "PHP that is hidden by its name or directory"
		since = "0.1"
		reference = "rules/README, CONTEXT"
	condition:
		view == 0 and has_php == 1 and (hidden_name == 1 or in_hidden_dir == 1 or in_well_known == 1)
}

rule context_random_name
{
	meta:
		group = "context"
		weight = 10
		description = "a short name that no one would choose"
		since = "0.1"
		reference = "rules/README, CONTEXT"
	condition:
		view == 0 and php_ext == 1 and random_name == 1
}

rule context_backdated
{
	meta:
		group = "context"
		weight = 15
		description = "its date was put back: the inode changed now, the content claims to be old"
		since = "0.1"
		reference = "rules/README, CONTEXT"
	condition:
		view == 0 and has_php == 1 and backdated == 1
}

rule shell_include_input
{
	meta:
		group = "run2"
		weight = 90
		description = "runs the body of the request"
		since = "0.1"
		reference = "include of php://input"
	strings:
		$a = /[\s;{(]@?(include|require)(_once)?\s?\(?\s?@?\s?['"]php:\/\/input/ nocase
		$b = /\b(system|passthru|exec|shell_exec|popen|eval|assert)\s?\(\s?@?getenv\s?\(\s?['"]HTTP_/ nocase
	condition:
		any of them
}

rule shell_include_data
{
	meta:
		group = "run2"
		weight = 90
		description = "runs code that is written out in a data: address"
		since = "0.1"
		reference = "include of data:; template compilers in a namespace do it with what they compiled"
	strings:
		$a = /[\s;{(]@?(include|require)(_once)?\s?\(?\s?@?\s?['"]data:\/?\/?[^'"]{0,30}(base64|,)/ nocase
		$ns = /\bnamespace\s[A-Za-z_\\]{2,80}\s?[;{]/
	condition:
		$a and not $ns
}
