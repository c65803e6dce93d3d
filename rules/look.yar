/*
 * look - which PHP is worth looking through
 *
 * Not a finding: the scanner asks this rule in its first pass whether a file's PHP is taken
 * apart (normalised, unpacked, followed). It must be true for whatever could be a mailer, a
 * shell, an uploader, a loader; and false for most of what a CMS is made of.
 */

private rule look_through
{
	meta:
		group = "info"
		weight = 0
		description = "PHP that is worth the time of looking through its disguise"
		since = "0.1"
		reference = "rules/README, LOOKING THROUGH"
	strings:
		$src = /\$_?(GET|POST|REQUEST|COOKIE|FILES)\b|HTTP_(GET|POST|COOKIE|RAW)|php:\/\/input|getallheaders|apache_request_headers|\$_SERVER\s?\[\s?["']HTTP_[B-GI-QS-Z]/
		$run = /\b(eval|assert|create_function|system|exec|passthru|shell_exec|popen|proc_open|pcntl_exec|call_user_func|call_user_func_array|array_map|array_filter|u?[ak]?sort|array_walk\w{0,10}|array_u?diff\w{0,10}|array_\w{0,4}intersect\w{0,10}|array_reduce|iterator_apply|forward_static_call\w{0,6}|filter_var\w{0,6}|set_error_handler|preg_\w{4,20}|register_\w{4,20}_function|mb_ereg_replace|ob_start)\s{0,8}\(/ nocase
		$io = /\b(move_uploaded_file|file_put_contents|fwrite|fputs|copy|rename|mail|mb_send_mail|imap_mail|fsockopen|stream_socket_client|socket_connect|readfile|unlink|curl_exec|file_get_contents|fopen)\s{0,8}\(/ nocase
		$dyn = /(\$[a-z_\x80-\xff][\w\x80-\xff]{0,60}|[\]\}'"])\s?\(\s?[^)\s]|\$\{|\$\$/ nocase
		$form = /<form|<input/ nocase
		$field = /\b(system|exec|passthru|shell_exec|popen|proc_open|unlink|rmdir|fwrite|fputs)\s?\(\s?@?["']?\$/ nocase
		$fetch = /curl_exec|['"]https?:\/\/[^'"\s]{4,100}\.(php|txt|jpe?g|png|gif|zip|dat)\b/ nocase
		$url = /['"]https?:\/\/[^'"\s]{4,200}['"]\s?\)?\s?[;,)]/ nocase
		$put = /\b(file_put_contents|fwrite|fputs|copy)\s?\(/ nocase
		$pe = /preg_(replace|filter)\s?\(\s?["'][^"'\n]{1,80}[\/#~|}!%@][imsxuADU]{0,4}(e|\\x65|\\145)[imsxuADU]{0,4}["']/
		$inc = /\b(include|require)(_once)?\b[^;]{0,80}\$_?(GET|POST|REQ|COO)/ nocase
		$incx = /\b(include|require)(_once)?\s{0,2}\(?\s{0,2}["'][^"'\n]{0,30}\\(x[0-9a-f]{2}|[0-7]{2,3})/ nocase
		$dec = /base64|gzinflate|gzuncompress|gzdecode|str_rot13|strrev|hex2bin|convert_uu|urldecode|\bpack\s?\(|chr\s?\(|bin2hex|\bord\s?\(/ nocase
		$eval = /\b(eval|assert|create_function)\s{0,8}\(/ nocase
		$esc = /(\\x[0-9a-f]{2}){4}|(\\[0-7]{2,3}){4}/ nocase
		$goto = /\bgoto\s+\w+\s?;/ nocase
		$send = /\b(mail|mb_send_mail|imap_mail|getmxrr|dns_get_mx)\s{0,8}\(|PHPMailer|EHLO|RCPT TO|sendmail\s{0,4}-|->\s?send\s?\(/ nocase
		$loud = /FilesMan|web ?shell|backdoor|php_uname|disable_functions|safe_mode|\/etc\/passwd|c99|r57|hacked|defaced|0wn|pwn/ nocase
		$odd = /auto_prepend|\.(ico|jpe?g|png|gif|txt)['"]\s?\)?\s?;|data:text|php:\/\/filter|__halt_compiler|ini_set\s?\(\s?['"]mail/ nocase
		$crypt = /openssl_decrypt|mcrypt_|gz(de|in)|\^\s?\$|\$\w+\s?\^|eval/ nocase
		$bits = /["']\s?\^\s?["']|\^\s?\(/
		$glue = /=\s?str_replace\s?\(|=\s?["'][a-z_]{1,12}["']\s?\.\s?["'][a-z_0-9]{1,12}["']/ nocase
		$assert = /assert|passthru|shell_exec|proc_open|move_uploaded_file|wscript|cmd\.exe|\/bin\/sh|GLOBALS\s?\[/ nocase
		$detour = /\btempnam\s?\(|\bftp_(nb_)?f?get\s?\(|stream_get_meta_data|stream_wrapper_register|crontab -|exif_read_data/
	condition:
		$assert or (filesize < 40KB and $detour) or (filesize < 4KB and ($src or $dec or $bits or $dyn or $glue)) or (filesize < 1KB and ($run or $put)) or $pe or (filesize < 100KB and $form and $field) or (filesize < 16KB and $fetch and $put) or (filesize < 1KB and $url and $put) or $esc or $goto or $loud or $send or $odd or $inc or $incx or ($src and ($run or $io or $dyn)) or
		($dec and ($eval or $dyn or $run or $io)) or ($eval) or ($crypt and $dyn)
}
