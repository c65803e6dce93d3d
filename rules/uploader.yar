/*
 * uploader - programs that put files on the server for whoever calls them
 */

rule upload_bare
{
	meta:
		group = "uploader"
		weight = 60
		description = "a small page whose only work is to store an uploaded file under its own name"
		since = "0.1"
		reference = "one-form uploaders"
	strings:
		$move = /(move_uploaded_file|copy)\s?\(\s?@?\$(_FILES|HTTP_POST_FILES|\w{1,20}\s?[\[,])/ nocase
		$name = /\$(_FILES|HTTP_POST_FILES)\s?\[\s?['"]?\w{1,20}['"]?\s?\]\s?\[\s?['"]?name/ nocase
		$form = /multipart\/form-data/ nocase
		$input = /type\s?=\s?\\?['"]?file/ nocase
		$check = /pathinfo|getimagesize|PATHINFO_EXTENSION|mime_content_type|finfo_|in_array|strtolower|session_start|include|require|UPLOAD_ERR|is_uploaded_file|\bclass\s|mysqli?_|preg_match|\.jpe?g|image\/(png|jpe?g)/ nocase
	condition:
		filesize < 12KB and $move and $name and $form and $input and not $check
}

rule upload_with_console
{
	meta:
		group = "uploader"
		weight = 100
		description = "an uploader that shows where it stands, or writes over what is there"
		since = "0.1"
		reference = "uploaders of intruders"
	strings:
		$move = /(move_uploaded_file|copy)\s?\(\s?@?\$(_FILES|HTTP_POST_FILES|\w{1,20}\s?[\[,])/ nocase
		$form = /multipart\/form-data/ nocase
		$1 = "php_uname" nocase
		$2 = /getcwd\s?\(\)/ nocase
		$3 = /uname -a/
		$4 = /\b(hacked|shell|backdoor|bypass|root|exploit|h4ck|c0d3d|coded by|private|priv8|anonymous|team|cyber|haxor|owned)\b/ nocase
		$5 = /\$_SERVER\s?\[\s?['"]?(DOCUMENT_ROOT|SERVER_ADDR|SCRIPT_FILENAME)/ nocase
	condition:
		filesize < 20KB and $move and $form and ($1 or $3 or ($2 and $4) or ($5 and $4))
}

rule upload_write_request
{
	meta:
		group = "uploader"
		weight = 70
		description = "writes request data into a file"
		since = "0.1"
		reference = "droppers called by other programs"
	strings:
		$a = /\b(file_put_contents|fwrite|fputs)\s?\([^;]{0,80}(base64_decode|stripslashes|urldecode|gzinflate|hex2bin|str_rot13|gzuncompress)\s?\(\s?@?\$_(GET|POST|REQUEST|COOKIE)/ nocase
		$b = /\bfile_put_contents\s?\(\s?@?([a-z_0-9]{1,20}\()?\s?\$_(GET|POST|REQUEST|COOKIE)[^;]{0,120}\$_(GET|POST|REQUEST|COOKIE)/ nocase
		$c = /\b(fwrite|fputs)\s?\(\s?@?fopen\s?\(\s?([a-z_0-9]{1,20}\()?\s?\$_(GET|POST|REQUEST|COOKIE|SERVER)/ nocase
		$d = /\b(copy|file_put_contents)\s?\(\s?@?\$_(GET|POST|REQUEST)\s?\[[^\]]{1,20}\]\s?,\s?@?\$_(GET|POST|REQUEST)/ nocase
		$e = /\b(fwrite|fputs|file_put_contents)\s?\([^;]{0,60},\s?['"<?ph\s]{0,8}@?(eval|assert|system)\s?\(/ nocase
		$app = /\bnamespace\s|\bextends\s|ABSPATH|_JEXEC|@package/
	condition:
		any of ($a,$b,$c,$d,$e) and not $app and (has_php == 0 or php_seen == 1) and php_namespaces == 0 and php_i18n == 0
}

rule upload_small
{
	meta:
		group = "uploader"
		weight = 50
		description = "a small program that stores an uploaded file where the request says or under its own name"
		since = "0.1"
		reference = "uploaders without a page"
	strings:
		$move = /(move_uploaded_file|copy)\s?(\/\*[^*]{0,9}\*\/)?\s?\(/ nocase
		$files = /\$(_FILES|HTTP_POST_FILES)\b/
		$name = /\[\s?['"]?name['"]?\s?\]/
		$check = /getimagesize|PATHINFO_EXTENSION|mime_content_type|finfo_|in_array\s?\(|mysqli?_|preg_match|image\/(png|jpe?g|gif)|\bclass\s|\bnamespace\b|->|\b(include|require)(_once)?\b|UPLOAD_ERR_|['"]\.?jpe?g['"]|uniqid|max.?size|['"](size|type)['"]\s?\]|strtolower|explode\s?\(\s?['"]\./ nocase
	condition:
		filesize < 4KB and $move and $files and $name and not $check
}

rule upload_name_request
{
	meta:
		group = "uploader"
		weight = 60
		description = "opens a file named by the request for writing and writes what the request brings"
		since = "0.1"
		reference = "write-anything helpers"
	strings:
		$open = /fopen\s?\(\s?@?\{?[^;]{0,60}\$_(GET|POST|REQUEST|COOKIE)\s?\[[^;]{0,40},\s?['"](w|a|x|wb|w\+|a\+|ab)/ nocase
		$name = /file_put_contents\s?\(\s?@?[^;,]{0,60}\$_?(GET|POST|REQUEST|COOKIE|SERVER|r)\s?\[\s?['"]?(HTTP_)?\w{1,20}['"]?\s?\]/ nocase
		// what is written comes from the request, and the name before it does not end like a text
		$data = /file_put_contents\s?\(\s?@?[^;]{0,59}([^;'"\s]|['"][^'".,;]{0,30}['"]|\.(t[^x'",;]\w{0,8}|h[^t'",;]\w{0,8}|ht[^m'",;]\w{0,8}|l[^o'",;]\w{0,8}|j[^s'",;]\w{0,8}|js|css|c[^s'",;]?\w{0,8}|[^thljc'",;\/][^'",;]{0,8})['"])\s?,[^;]{0,60}\$_?(GET|POST|REQUEST|COOKIE|SERVER|r)\s?\[\s?['"]?(HTTP_)?\w{1,20}['"]?\s?\]/ nocase
		$p2 = /fwrite\s?\(\s?fopen\s?\(\s?\$\w{1,10}\s?,\s?['"](w|a)/ nocase
		$req = /\$_(POST|GET|REQUEST|COOKIE)\s?\[/
		$app = /\bnamespace\s|\bextends\s|ABSPATH|_JEXEC|@package|\bclass\s+\w/
	condition:
		filesize < 6KB and not $app and ($open or $name or $data or ($p2 and $req))
}

rule dropper_fetch
{
	meta:
		group = "dropper"
		weight = 70
		description = "fetches a program from an address and stores it on the site"
		since = "0.1"
		reference = "droppers"
	strings:
		$get = /(curl_init|file_get_contents|http_get|get_contents|copy|fopen|file)\s?\(\s?@?(\$\w+\s?=\s?)?['"]https?:\/\/[^'"]{4,200}(\.txt|\.jpg|\.png|\.gif|\.zip|\.log|\.dat|\/raw\b[^'"]{0,100}|pastebin[^'"]{0,60}|hastebin[^'"]{0,60}|ghostbin[^'"]{0,60}|gist[^'"]{0,100}|githubusercontent[^'"]{0,100}|paste[^'"]{0,60})['"]/ nocase
		$put = /(fwrite|fputs|file_put_contents|copy)\s?\(/ nocase
		$php = /['"\/][\w.-]{1,40}\.(php\d?|phtml)['"]/
		$class = /\bclass\s+\w+|\bnamespace\b|add_action|ABSPATH|->/
	condition:
		filesize < 16KB and $get and $put and $php and not $class
}

rule dropper_http_get
{
	meta:
		group = "dropper"
		weight = 100
		description = "a home-made fetch function whose results are written into the web root one after another"
		since = "0.1"
		reference = "droppers"
	strings:
		$fn = /function\s+\w{1,20}\s?\(\s?\$\w{1,10}\s?\)\s?\{\s{0,8}\$\w{1,10}\s?=\s?curl_init\s?\(\s?\$/ nocase
		$root = /\$_SERVER\s?\[\s?['"]DOCUMENT_ROOT['"]\s?\]\s?\.\s?['"]/
		$open = /fopen\s?\(\s?\$\w{1,20}\s?,\s?['"]w/ nocase
		$url = /=\s?\w{1,20}\s?\(\s?['"]https?:\/\//
	condition:
		filesize < 20KB and $fn and $root and $open and $url
}

rule dropper_mailbox
{
	meta:
		group = "dropper"
		weight = 100
		description = "writes a mail account's password file in the panel's own files"
		since = "0.1"
		reference = "mailbox makers"
	strings:
		$a = /['"][^'"\n]{0,60}\/etc\/[^'"\n]{0,40}['"]?\s?\.?\s?\$?\{?\w{0,20}\}?\s?\.?\s?['"]?\/(shadow|passwd|quota)['"]/ nocase
		$home = /\/home\d?\//
		$w = /fopen|fwrite|file_put_contents/ nocase
		$crypt = /crypt\s?\(|\$6\$|:16\d{3}:|md5crypt|::::/
		$imap = "dovecot-" nocase
	condition:
		filesize < 200KB and $a and $home and $w and ($crypt or $imap)
}

rule dropper_writes_php
{
	meta:
		group = "dropper"
		weight = 90
		description = "writes a shell, an auto_prepend setting or an .htaccess that runs other files as PHP"
		since = "0.1"
		reference = "droppers"
	strings:
		$a = /(fwrite|fputs|file_put_contents)\s?\([^;]{0,80}['"]?<\?(php)?[^;]{0,60}(eval|assert|system|\$_(POST|GET|REQUEST|COOKIE)|base64_decode)/ nocase
		$b = /=\s?['"](PD9waHA|PD9QSF|PD8g|PD8K|PD9PSFA)[A-Za-z0-9+\/=]{16,}/
		$b2 = /(fwrite|fputs|file_put_contents)\s?\(/ nocase
		$c = /(fwrite|fputs|file_put_contents)\s?\([^;]{0,80}(AddType application\/x-httpd-(php|cgi)|AddHandler (cgi-script|application\/x-httpd-php)|auto_prepend_file|SetHandler application)/ nocase
		$d = /(AddHandler cgi-script|AddType application\/x-httpd-cgi|Options[^\n]{0,40}(ExecCGI|FollowSymLinks|Indexes FollowSymLinks))/ nocase
		$e = /['"]\.htaccess['"]/
		$ns = /\bnamespace\s[A-Za-z_\\]{2,80}\s?[;{]/
		$f = /symlink\s?\(\s?['"]\/['"]|ln -s \/|\/var\/named|\/etc\/(named\.conf|valiases)/ nocase
	condition:
		($a or ($b and $b2) or $c or ($d and $e and $f)) and not $ns and php_namespaces == 0
}

rule upload_to_program
{
	meta:
		group = "uploader"
		weight = 80
		description = "an upload is stored as a program under a fixed name"
		since = "0.1"
		reference = "uploaders of the PHP 4 years"
	strings:
		$a = /move_uploaded_file\s?\(\s?\$[\w\[\]'"]{1,40}\s?,\s?["'][\w.\/-]{1,40}\.(php\d?|phtml)["']\s?\)/ nocase
	condition:
		filesize < 12KB and $a
}

rule upload_archive
{
	meta:
		group = "uploader"
		weight = 50
		description = "a small page that unpacks an uploaded archive where it stands"
		since = "0.1"
		reference = "uploaders that bring a whole kit"
	strings:
		$x = /(->|::)\s?(extractTo|extract)\s?\(/ nocase
		$files = /\$(_FILES|HTTP_POST_FILES)\b/
		$zip = /new\s+(ZipArchive|PharData|PclZip|Archive_Tar)/ nocase
		$form = /multipart\/form-data/ nocase
		$check = /session_start|mysqli?_|->\s?(query|prepare)\s?\(|\bnamespace\s|ABSPATH|_JEXEC|defined\s?\(|\b(include|require)(_once)?\b/
	condition:
		filesize < 8KB and $x and $files and $zip and not $check and
		($form or (php_seen == 1 and php_touch_count > 0))
}
