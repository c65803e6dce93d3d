/*
 * mailer - programs that send bulk mail for whoever calls them
 */

rule mailer_form_loop
{
	meta:
		group = "mailer"
		weight = 100
		description = "one page with a form whose recipients, letter and sender all come from the request, sent in a loop"
		since = "0.1"
		reference = "one-page senders: form, list split at newlines, mail() for each, progress printed"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(/ nocase
		$req = /\$_?(POST|REQUEST|GET|HTTP_POST_VARS)\s{0,2}\[/
		$area = "<textarea" nocase
		$split = /(explode|split|preg_split|spliti)\s{0,2}\(\s{0,2}["'\/]{1,2}(\\r|\[)?\\n/ nocase
		$loop = /(foreach|while|for)\s{0,2}\(/ nocase
		$app = /\b(require|include)(_once)?\s?\(?\s?['"][^'"]{0,60}(global|common|bootstrap|config|header|bittorrent|core|init|functions|autoload)|add_action|ABSPATH|_JEXEC|namespace |loggedinorreturn|mysql_query|->prepare\(/ nocase
		$own = /function\s+[a-z_]*mail\s?\(/ nocase
	condition:
		filesize < 2MB and $mail and $req and $area and $split and $loop and not $app and not $own
}

rule mailer_form_words
{
	meta:
		group = "mailer2"
		weight = 60
		description = "a form with a field for a list of addresses, and mail"
		since = "0.1"
		reference = "one-page senders that rely on register_globals or odd splitting"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(/ nocase
		$send = /->\s?send\s?\(/ nocase
		$area = "<textarea" nocase
		$list = /name\s?=\s?\\?["']?(e?-?mail_?-?s?lists?|listas?|lista_?e?-?mails?|list_?e?mails?|emails|mails|e-mails|maillist|mlist|tolist|destinatarios?|emailz|mailz|tomail|veio|correos?|alamat|nails|emaillist)\b/ nocase
		$loop = /(foreach|while|for)\s{0,2}\(/ nocase
		$app = /add_action|ABSPATH|_JEXEC|namespace |loggedinorreturn|mysqli?_query|->prepare\(|->query\(/
	condition:
		filesize < 2MB and ($mail or $send) and $area and $list and $loop and not $app
}

rule mailer_b64_fields
{
	meta:
		group = "mailer"
		weight = 100
		description = "recipient, subject and letter come encoded from the request and go to mail()"
		since = "0.1"
		reference = "stateless remailers"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(\s?@?[$a-z]/ nocase
		$dec = /(base64_decode|urldecode|rawurldecode|hex2bin|str_rot13|stripslashes)\s?\(\s?@?\$_?(POST|REQUEST|GET|COOKIE|HTTP_POST_VARS)\s?\[/ nocase
		$b64 = /base64_decode\s?\(\s?@?\$_?(POST|REQUEST|GET|COOKIE)\s?\[/ nocase
		$app = /\b(require|include)(_once)?\s?\(?\s?['"]|namespace |extends |ABSPATH|mysqli?_|wpdb|\bglobal\s/
	condition:
		filesize < 40KB and $mail and (#dec > 2 or #b64 > 1) and not $app
}

rule mailer_small_remote
{
	meta:
		group = "mailer"
		weight = 70
		description = "a short program that hands three request fields and more to mail(), the recipient too"
		since = "0.1"
		reference = "stateless remailers"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(\s?@?["']?\$\w{1,30}(\[[^\]]{1,30}\])?["']?\s?,\s?["']?\$[^,]{1,60},\s?["']?\$/ nocase
		$direct = /[^a-z0-9_>:$]mail\s{0,4}\(\s?@?(base64_decode|stripslashes|urldecode|trim)?\s?\(?\s?\$_(POST|GET|REQUEST|COOKIE)\s?\[[^,]{1,60},[^,]{0,40}\$_(POST|GET|REQUEST|COOKIE)/ nocase
		$to = /\$(to|mailto|para|email|emails?to|recipient|destino|lista|list|tos?|mail|rcpt|address|target|dest|e|t|m)\s?=\s?@?([a-z_0-9]{1,20}\s?\(){0,2}\s?\$_(POST|GET|REQUEST|COOKIE)/ nocase
		$from = /\$_(POST|GET|REQUEST|COOKIE)\s?\[\s?['"]?(from|de|fromname|from_?name|from_?mail|sender|remetente|fr|nome|realname|name|headers?|header|hdr|msgheader|reply|replyto|html|assunto|letter|mensagem)['"]?\s?\]/ nocase
		$req = /\$_(POST|GET|REQUEST|COOKIE)\s?\[/
		$app = /\b(require|include)(_once)?\s?\(?\s?['"]|namespace |extends |ABSPATH|mysqli?_|filter_var|htmlspecialchars|strip_tags|captcha|@[a-z0-9-]{2,30}\.(com|org|net|de|fr|ru|pl|br|co|eu|it|in)\b/ nocase
	condition:
		filesize < 8KB and (($mail and $to and $from and #req > 3) or $direct) and not $app
}

rule mailer_hides_script
{
	meta:
		group = "mailer2"
		weight = 100
		description = "overwrites what PHP would write about the sender into the mail's header"
		since = "0.1"
		reference = "batch remailers: X-PHP-Originating-Script, X-PHP-Script"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(|->\s?send\s?\(/ nocase
		$srv = /\$_SERVER\s?\[\s?['"]?(PHP_SELF|REMOTE_ADDR|SCRIPT_NAME|SCRIPT_FILENAME|HTTP_X_FORWARDED_FOR|HTTP_CLIENT_IP)['"]?\s?\]\s{0,10}=\s{0,4}['"a-z$]/ nocase
		$key = /\$_SERVER\s?\[\s?\$\w+\s?\]\s?=\s{0,10}['"]/ nocase
		$hdr = /ini_set\s?\(\s?['"]mail\.(add_x_header|log)['"]\s?,/ nocase
		$req = /\$_(POST|GET|REQUEST|COOKIE)\b/
		$app = /namespace |ABSPATH|_JEXEC|IN_MYBB|extends |SUCURI|wp-load|wp-config|add_action|login_header|wp_/
	condition:
		filesize < 1MB and $mail and ($srv or $key or $hdr) and $req and not $app
}

rule mailer_macros
{
	meta:
		group = "mailer3"
		weight = 50
		description = "fills random words and the recipient's address into each letter"
		since = "0.1"
		reference = "product mailers"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(|->\s?send\s?\(/ nocase
		$1 = /[%&#\[{(\-]{1,2}(email|e-mail|emailuser|user_?name|mailto|to|victim|nome|name)[%&#\]})\-]{1,2}['"]/ nocase
		$2 = /[%&#\[{(\-]{1,2}(rand|random|randstring|random_?string|random_?number|randommd5|random_?letters?|random_?int|rnd|rnd_text|md5|time|num|rands?)[%&#\]})\-:]{1,2}/ nocase
		$req = /\$_(POST|GET|REQUEST|COOKIE)\b/
		$app = /namespace |ABSPATH|_JEXEC|IN_MYBB|add_filter|add_action/
	condition:
		filesize < 2MB and $mail and $1 and $2 and $req and not $app
}

rule mailer_product
{
	meta:
		group = "mailer"
		weight = 100
		description = "a whole mail library, a form and a list of recipients in one file"
		since = "0.1"
		reference = "product mailers: 100 to 600 kB, most of it PHPMailer"
	strings:
		$pm = /class\s+(PHPMailer|SMTP|phpmailerException)\b/ nocase
		$area = "<textarea" nocase
		$req = /\$_(POST|REQUEST|GET)\s{0,2}\[/
		$list = /(explode|split|preg_split)\s{0,2}\(\s{0,2}["'\/]{1,2}(\\r|\[)?\\n|preg_split|["']\\r?\\n["']\s?,\s?\$/ nocase
		$send = /->\s?send\s?\(/ nocase
		$app = /namespace PHPMailer|ABSPATH|_JEXEC|add_action/
	condition:
		filesize < 4MB and $pm and $area and $req and $list and $send and not $app
}

rule mailer_names_itself
{
	meta:
		group = "named"
		weight = 40
		description = "calls itself a mailer of the trade"
		since = "0.1"
		reference = "titles of published mailers"
	strings:
		$1 = /\b(leaf|owl|xleet|alexus|inbox|pro|ninja|viper|priv8|gammadyne|private|moroccan|dark|ghost|fox|king|mass|bulk|spam|anon(ymous)?|tools?|unlimited|hidden|zombi|xsender|heart ?sender|mister ?spy|wahib|b0x|3x|x7|turbo|fast|simple|advanced)[ _-]{0,2}(php)?[ _-]{0,2}(e-?)?mail(er|s)?\b/ nocase
		$2 = /(mailer|sender|spam)[ _-]{0,2}(inbox|to all|2inbox|by|v\d|priv8|unlimited|leaf|pro\b)|inbox to (all|inbox)|inbox mass/ nocase
		$3 = /(e-?mails?|spam) (sent|enviad[oa]s?|envoy)|enviando|\bspammer|erro ao enviar|enviado com sucesso|spammed|mail ?bomb/ nocase
		$4 = /\b(zen\.spamhaus|dnsbl|bl\.spamcop|b\.barracudacentral|cbl\.abuseat|dnsbl-1\.uceprotect)/ nocase
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(|->\s?send\s?\(/ nocase
		$req = /\$_?(POST|GET|REQUEST|COOKIE|HTTP_POST_VARS)\b/
		$area = /<textarea|multipart\/form-data/ nocase
		$app = /namespace |ABSPATH|_JEXEC|add_action|IN_MYBB|mysqli?_query|->prepare\(/
	condition:
		filesize < 4MB and $mail and $req and $area and not $app and 2 of ($1,$2,$3,$4)
}

rule mailer_forged_client
{
	meta:
		group = "mailer3"
		weight = 50
		description = "letters from the request under the headers of a mail client"
		since = "0.1"
		reference = "one-page senders: X-Mailer, X-MimeOLE, X-MSMail-Priority, X-Antivirus"
	strings:
		$1 = /X-Mailer:\s?(Microsoft|Outlook|The Bat|Mozilla|Apple|iPhone|Lotus|Eudora|MS |IPS|Foxmail)/ nocase
		$2 = "X-MimeOLE" nocase
		$3 = "X-MSMail-Priority" nocase
		$4 = "X-Antivirus" nocase
		$5 = /X-Mailer: ?['"]?\s?\.?\s?\$|rand\([^)]{1,20}\)[^\n]{0,60}X-Mailer/ nocase
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(/ nocase
		$req = /\$_?(POST|GET|REQUEST|COOKIE|HTTP_POST_VARS)\s?\[/
		$app = /namespace |ABSPATH|_JEXEC|add_action|IN_MYBB|extends |mysqli?_|class /
	condition:
		filesize < 200KB and $mail and #req > 2 and ($1 or $2 or $4 or ($3 and $5)) and not $app
}

rule mailer_direct_mx
{
	meta:
		group = "mailer"
		weight = 80
		description = "speaks SMTP to the recipients' servers with what the request brings"
		since = "0.1"
		reference = "direct-to-MX engines"
	strings:
		$mx = /getmxrr|dns_get_mx|dns_get_record|DNS_MX|checkdnsrr/ nocase
		$sock = /fsockopen|stream_socket_client|socket_connect|pfsockopen/ nocase
		$1 = /MAIL FROM/ nocase
		$2 = /RCPT TO/ nocase
		$3 = /\b(HELO|EHLO)\b/
		$req = /\$_?(POST|GET|REQUEST|COOKIE|HTTP_POST_VARS)\s?\[/
		$app = /namespace |ABSPATH|_JEXEC|add_action|IN_MYBB|extends |mysqli?_query|validat|verify_?e?mail|check_?e?mail/ nocase
	condition:
		filesize < 400KB and $mx and $sock and $1 and $2 and $3 and $req and not $app
}

rule mailer_cookie_driven
{
	meta:
		group = "mailer"
		weight = 100
		description = "letter, sender and recipients come in cookies"
		since = "0.1"
		reference = "engines driven by cookies"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(|RCPT TO|fsockopen/ nocase
		$c = /(base64_decode|urldecode|rawurldecode|stripslashes|=)\s?\(?\s?@?\$_COOKIE\s?\[/ nocase
		$app = /namespace |ABSPATH|_JEXEC|add_action|extends |setcookie|session_start/
	condition:
		filesize < 100KB and $mail and #c > 5 and not $app
}

rule mailer_remote_list
{
	meta:
		group = "mailer"
		weight = 80
		description = "fetches its list and letter from elsewhere and sends in a loop"
		since = "0.1"
		reference = "remote-driven senders"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(\s?\$/ nocase
		$get = /(maillist|lista|emaillist|emails|letter|mailfile|listmail)[^;\n]{0,60}['"]?(https?:\/\/|\$_(GET|POST|REQUEST))/ nocase
		$file = /\b(file|fopen|file_get_contents|fgets)\s?\(/ nocase
		$loop = /(foreach|while|for)\s{0,2}\(/ nocase
		$off = /set_time_limit\s?\(\s?0|ignore_user_abort|argv|error_reporting\s?\(\s?0/ nocase
		$app = /namespace |ABSPATH|_JEXEC|add_action|extends |mysqli?_|PHPMailer/
	condition:
		filesize < 40KB and $mail and $get and $file and $loop and $off and not $app
}

rule mailer_sends_home
{
	meta:
		group = "mailer2"
		weight = 60
		description = "mails where it stands, passwords or its address to someone, with words of the trade"
		since = "0.1"
		reference = "kinked mailers, phishing kits' senders"
	strings:
		$mail = /[^a-z0-9_>:$]mail\s{0,4}\(/ nocase
		$who = /[a-z0-9._-]{3,30}@(gmail|yahoo|hotmail|outlook|live|protonmail|yandex|mail|aol|gmx|inbox)\.(com|ru|fr|co|net)/ nocase
		$1 = /\$_SERVER\s?\[\s?['"]?REMOTE_ADDR/ 
		$2 = /\b(result|rezult|resultz|logins?|fullz|visa|paypal|chase|wells|bank|card ?number|cvv|\bssn\b|passwor?d|hacked|scam|spam|shell|victim|IP Address|geoip|created by|\+\-{5,})\b/ nocase
		$3 = /\$_(POST|REQUEST)\s?\[\s?['"]?(pass|password|passwd|pwd|cvv|ssn|pin|card|cc|ccnum|login|user|userid|email|otp|account)['"]?\s?\]/ nocase
		$4 = /header\s?\(\s?['"]Location:\s?(https?:|\w{2,30}\.(php|html?))/ nocase
		$app = /namespace |ABSPATH|_JEXEC|add_action|extends |mysqli?_|session_start|password_verify|md5\(|filter_var|htmlspecialchars|\bclass /
	condition:
		filesize < 16KB and $mail and $1 and #2 > 2 and #3 > 0 and ($4 or $who) and not $app
}

rule mailer_not_php
{
	meta:
		group = "mailer"
		weight = 90
		description = "a Perl, Python or shell program that mails a list"
		since = "0.1"
		reference = "dark-mailer scripts, cron mailers"
	strings:
		$perl = /^#!\s{0,4}\/[^\n]{0,40}(perl|python|sh)\b/
		$cgi = /use (CGI|Net::SMTP|IO::Socket|MIME::|Mail::)|import ([\w, ]{1,60}, ?)?(smtplib|socket)|from smtplib/
		$1 = /RCPT TO|rcpt to|->\s?to\s?\(|sendmail\(|sendmail\s{0,2}-t|\|\s?\$?sendmail|\/usr\/(sbin|lib)\/sendmail/ nocase
		$2 = /maillist|mail_list|emaillist|e-?mails?\.txt|list\.txt|emails?list|@emails|@mails|targets|recipients|bulk|spam|darkmailer|dark ?mailer|addresslist|in open\(sys\.argv|in open\(["'][^"'\n]{1,40}\.(txt|csv|lst)["']|split\s?\(?\s?\/\\[rn]/ nocase
		$3 = /foreach|while|for\s+\w+ in|for \$/ nocase
		$4 = /%%?(rand|email|to_?email|rnd|from)|\{(rand|email|rnd)|param\s?\(|\$ENV\{['"]?(QUERY_STRING|CONTENT_LENGTH)|X-Mailer|Outlook Express|fork\s?\(|ARGV|sys\.argv/ nocase
	condition:
		has_php == 0 and filesize < 200KB and ($perl at 0 or $cgi) and $1 and $2 and $3 and $4
}

rule mailer_by_service
{
	meta:
		group = "mailer7"
		weight = 70
		description = "posts letters of the request to a mail service, one after another"
		since = "0.2"
		reference = "senders with a stolen key of a mail service"
	strings:
		$from = /['"](from|sender|from_?e?mail|from_?name|source)['"]\s?(=>|\])/ nocase
		$subject = /['"](subject|subj)['"]\s?(=>|\])/ nocase
		$letter = /['"](html|text|html_?(body|content|part)|text_?(body|content|part)|content|message|body)['"]\s?(=>|\])/ nocase
		$to = /['"](to|recipients?|personalizations|destination|bcc|to_?e?mail)['"]\s?(=>|\])/ nocase
	condition:
		php_seen == 1 and php_main > 0 and php_includes == 0 and php_nonce == 0 and
		php_post_loop > 0 and php_tokens < 3000 and all of them
}
