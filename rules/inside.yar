/*
 * inside - what is put into honest programs, and what is done through a detour
 *
 * A line in a theme, a plugin, a library stands among a framework's words: most of these
 * rules do not ask for a plain page but for what no honest program does. The others follow
 * data over a temporary file, an address, the program's own text.
 */

private rule php_plain_page
{
	meta:
		group = "info"
		weight = 0
		description = "PHP that belongs to no framework that we know"
		since = "0.1"
		reference = "rules/README"
	condition:
		php_seen == 1 and php_framework == 0 and php_guard == 0 and php_nonce == 0 and
		php_namespaces == 0 and php_i18n == 0
}

rule inside_call
{
	meta:
		group = "inside"
		weight = 60
		description = "the request names the function that is called, and brings what it is given"
		since = "0.1"
		reference = "a line put into a theme or a library; servers of remote calls read the body"
	condition:
		php_taint_call_args > 0 and php_tokens < 1200 and php_nonce == 0 and
		(php_includes == 0 or (php_framework > 0 and php_includes < 3)) and
		(php_classes == 0 or php_input_reads == 0) and (php_main > 0 or php_namespaces == 0)
}

rule inside_run_fetched
{
	meta:
		group = "inside"
		weight = 60
		description = "what was fetched from an address is run"
		since = "0.1"
		reference = "a line put into a theme: links and doorways by remote control"
	condition:
		php_remote_eval > 0 and php_tokens < 1500
}

rule inside_admin
{
	meta:
		group = "inside"
		weight = 70
		description = "a request, and nobody's right is asked, makes an administrator"
		since = "0.1"
		reference = "accounts left behind in WordPress"
	strings:
		$make = /\bwp_(create|insert)_user\s?\(/
		$role = /(set_role\s?\(\s?|['"]role['"]\s?=>\s?)['"]administrator['"]/
		$ask = /\$_(GET|POST|REQUEST|COOKIE)\s?\[/
		$right = /current_user_can|check_admin_referer|wp_verify_nonce|check_ajax_referer|WP_UnitTest|WP_CLI|\bextends\s/
	condition:
		has_php == 1 and filesize < 200KB and $make and $role and $ask and not $right
}

rule inside_hidden_account
{
	meta:
		group = "inside2"
		weight = 45
		description = "an account is left out of the list of accounts"
		since = "0.1"
		reference = "accounts left behind in WordPress"
	strings:
		$hook = /['"]pre_user_query['"]|['"]views_users['"]/
		$not = /user_login\s?(!=|<>|NOT\s)\s{0,2}\\?['"]/
	condition:
		has_php == 1 and filesize < 400KB and all of them
}

rule inside_login_copied
{
	meta:
		group = "inside"
		weight = 60
		description = "the function that checks a password sends it to another host or into a file"
		since = "0.1"
		reference = "stolen logins"
	strings:
		$own = /\bfunction\s+(wp_authenticate|wp_check_password|wp_signon|wp_set_password)\s?\(/
		$hook = /add_(action|filter)\s?\(\s?['"](wp_login|wp_authenticate|authenticate|login_form_login|wp_signon)['"]/
		$pw = /\.\s?\$(password|user_pass|passwd|pwd|pass)\b|\$_POST\s?\[\s?['"](pwd|password|pass|log)['"]\s?\]/
		$out = /wp_remote_(post|get)\s?\(|curl_exec\s?\(|\bmail\s?\(\s?['"]|wp_mail\s?\(\s?['"]|file_get_contents\s?\(\s?['"]http|FILE_APPEND|api\.telegram\.org/
		$far1 = /['"]https?:\/\/[^'"\s]{4,80}/
		$far2 = /['"]aHR0c[A-Za-z0-9+\/=]{8,80}/
		$far3 = /\.txt['"]|\.log['"]|\.jpg['"]|\.png['"]|\.gif['"]|\.ico['"]|\.css['"]/
	condition:
		has_php == 1 and filesize < 40KB and ($own or $hook) and $pw and $out and any of ($far1,$far2,$far3) and
		php_classes == 0
}

rule inside_card_copied
{
	meta:
		group = "inside"
		weight = 60
		description = "the fields of a card are encoded and put into a picture or a mail"
		since = "0.1"
		reference = "what skimmers do with cards"
	strings:
		$1 = /['"]\w{0,24}(cc|card)_?(number|num|no)['"]/ nocase
		$2 = /['"]\w{0,24}(cvc|cvv2?|cc_cid|security_?code)['"]/ nocase
		$enc = /base64_encode\s?\(|strrev\s?\(|openssl_encrypt\s?\(|json_encode\s?\(|serialize\s?\(|http_build_query\s?\(/ nocase
		$pic = /(file_put_contents|fopen)\s?\([^;\n]{0,80}\.(jpe?g|png|gif|ico|css|js|woff)['"]/ nocase
		$mail = /[^a-z0-9_>:$]mail\s?\(\s?['"][a-z0-9._-]{2,40}@/ nocase
	condition:
		has_php == 1 and filesize < 400KB and $1 and $2 and $enc and ($pic or $mail)
}

rule inside_hidden_address
{
	meta:
		group = "inside2"
		weight = 50
		description = "asks an address that stands encoded in the file, and says who called"
		since = "0.1"
		reference = "doorways, stolen logins, remote control"
	strings:
		$b64 = /base64_decode\s?\(\s?['"]aHR0c[A-Za-z0-9+\/]{6,200}={0,2}['"]/
		$get = /(file_get_contents|curl_init|wp_remote_get|wp_remote_post|fopen)\s?\(\s?(base64_decode\s?\(\s?['"]aHR0c|\$\w{1,20}\s?[.,)])/
		$who = /\$_SERVER\s?\[\s?['"](HTTP_HOST|REMOTE_ADDR|HTTP_USER_AGENT|SERVER_NAME)['"]|get_site_url\s?\(|home_url\s?\(/
	condition:
		has_php == 1 and filesize < 40KB and all of them
}

rule runs_own_text
{
	meta:
		group = "detour"
		weight = 60
		description = "runs what it reads out of its own file"
		since = "0.1"
		reference = "code hidden in comments, blanks or behind the end of the program"
	condition:
		php_eval_self > 0
}

rule runs_temporary_file
{
	meta:
		group = "detour"
		weight = 60
		description = "includes a temporary file it has just written"
		since = "0.1"
		reference = "eval without the word"
	strings:
		$uri = /\b(include|require)(_once)?\s?\(?\s?(\$\w{1,30}|stream_get_meta_data\s?\([^()]{1,40}\))\s?\[\s?['"]uri['"]\s?\]/
		$as_it_is = /\b(file_put_contents|fwrite|fputs)\s?\(\s?\$\w{1,30}\s?,\s?\$\w{1,30}\s?\)|\bstream_copy_to_stream\s?\(/
	condition:
		// a template engine does it too, but with what it compiled, not with what it was sent
		php_seen == 1 and php_namespaces == 0 and php_tokens < 2000 and
		(php_request_reads > 0 or php_header_reads > 0 or php_input_reads > 0 or
		php_taint_write_data > 0 or php_remote_code > 0 or php_decoders > 0 or
		php_dynamic_calls > 0 or php_hidden_calls > 0 or $as_it_is) and
		((php_include_temp > 0 and php_write_count > 0) or ($uri and php_classes == 0))
}

rule runs_own_scheme
{
	meta:
		group = "detour"
		weight = 40
		description = "includes an address of a scheme of its own, and reads the request"
		since = "0.1"
		reference = "stream wrappers that hand out the request as a file"
	condition:
		php_include_scheme > 0 and (php_request_reads > 0 or php_input_reads > 0 or php_header_reads > 0)
}

rule runs_own_scheme_request
{
	meta:
		group = "detour"
		weight = 25
		description = "and what is behind that scheme comes out of the request or a variable of any function"
		since = "0.2"
		reference = "stream wrappers that hand out the request as a file"
	strings:
		$read = /function\s+stream_(read|open)\s?\([^)]{0,80}\)\s?\{[^}]{0,300}(\$_(GET|POST|REQUEST|COOKIE|SERVER)\b|\$GLOBALS\b|\bglobal\s|php:\/\/input|getenv\s?\(|base64_decode)/
		$set = /(::\s?\$\w{1,30}|\$GLOBALS\s?\[[^\]]{1,30}\])\s?=\s?[^;]{0,60}(\$_(GET|POST|REQUEST|COOKIE|SERVER)\b|\$\w{1,30}\s?;|php:\/\/input|base64_decode)/
		$given = /\b(include|require)(_once)?\b[^;]{0,60}:\/\/['"]?\s?\.[^;]{0,60}\$/
	condition:
		php_include_scheme > 0 and (php_request_reads > 0 or php_input_reads > 0 or php_header_reads > 0)
		and any of them
}

rule runs_what_it_gets
{
	meta:
		group = "tiny2"
		weight = 60
		description = "hardly more than request data given to a function whose name nothing tells"
		since = "0.1"
		reference = "one-line shells"
	condition:
		php_plain_page and php_call_request > 0 and php_tokens < 120 and php_includes == 0 and
		php_functions == 0
}

rule runs_by_ftp
{
	meta:
		group = "detour"
		weight = 60
		description = "fetches programs by FTP from an address it carries, and includes them"
		since = "0.1"
		reference = "droppers"
	strings:
		$to = /ftp_(ssl_)?connect\s?\(\s?['"][\w.-]{4,80}['"]/
		$get = /ftp_(nb_)?f?get\s?\(/
		$run = /\b(include|require)(_once)?\b|\beval\s?\(|\b(exec|system|shell_exec)\s?\(/
	condition:
		php_plain_page and all of them and php_classes == 0 and php_tokens < 600
}

rule stays_by_cron
{
	meta:
		group = "detour"
		weight = 60
		description = "writes itself, or what it fetched, into the crontab"
		since = "0.1"
		reference = "droppers"
	strings:
		$tab = /crontab\s-(['"\s;]|$)|\(\s?crontab -l/
		$run = /\b(exec|system|shell_exec|passthru|popen|proc_open)\s?\(/
		$what = /__FILE__|__DIR__|DOCUMENT_ROOT|(wget|curl|php)\s[^'"\n]{0,80}/
	condition:
		php_plain_page and all of them and php_classes == 0 and php_functions < 6
}

rule keeps_others_out
{
	meta:
		group = "dropper"
		weight = 45
		description = "writes settings that refuse every program but some named ones"
		since = "0.1"
		reference = ".htaccess that intruders leave to keep others out"
	strings:
		$deny = /<FilesMatch\s+\\?["'][^"'\n]{0,40}(php|suspected|phtml|py|exe)[^"'\n]{0,80}["']>[\\rn\s]{0,20}(Order\s+(allow,\s?deny|deny,\s?allow)[\\rn\s]{1,20}Deny from all|Require all denied)/ nocase
		$allow = /<FilesMatch\s+\\?["']\^?[\w.|()\\-]{4,200}\.php[^"'\n]{0,20}["']>[\\rn\s]{0,20}(Order\s+(allow,\s?deny|deny,\s?allow)[\\rn\s]{1,20}Allow from all|Require all granted)/ nocase
		$put = /file_put_contents\s?\(|fwrite\s?\(|fputs\s?\(/ nocase
	condition:
		has_php == 1 and filesize < 200KB and all of them
}

rule keeps_others_out_widely
{
	meta:
		group = "dropper"
		weight = 25
		description = "and does so in a loop, with rights or times set, or from a text it decodes"
		since = "0.1"
		reference = ".htaccess that intruders leave to keep others out"
	strings:
		$deny = /<FilesMatch\s+\\?["'][^"'\n]{0,40}(php|suspected|phtml|py|exe)[^"'\n]{0,80}["']>[\\rn\s]{0,20}(Order\s+(allow,\s?deny|deny,\s?allow)[\\rn\s]{1,20}Deny from all|Require all denied)/ nocase
		$allow = /<FilesMatch\s+\\?["']\^?[\w.|()\\-]{4,200}\.php[^"'\n]{0,20}["']>[\\rn\s]{0,20}(Order\s+(allow,\s?deny|deny,\s?allow)[\\rn\s]{1,20}Allow from all|Require all granted)/ nocase
		$put = /file_put_contents\s?\(|fwrite\s?\(|fputs\s?\(/ nocase
	condition:
		php_seen == 1 and filesize < 200KB and all of them and
		(php_loops > 0 or php_touch_count > 0 or php_decoders > 0 or php_silence > 0)
}

rule mails_fetched_list
{
	meta:
		group = "mailer7"
		weight = 70
		description = "mails to recipients it fetches from an address, in a loop"
		since = "0.1"
		reference = "senders that take their orders from elsewhere"
	condition:
		php_seen == 1 and php_framework == 0 and php_remote_mail > 0 and php_mail_loop > 0 and
		(php_hard_address == 0 or php_time_off > 0 or php_abort_off > 0 or php_error_off > 0 or
		php_silence > 0 or php_taint_url > 0 or php_request_reads > 0 or php_macros > 0 or
		php_client_headers > 0)
}

rule mails_fetched_names
{
	meta:
		group = "mailer7"
		weight = 45
		description = "mails to recipients it fetches from an address, in a loop, under an address of its own"
		since = "0.2"
		reference = "senders that take their orders from elsewhere; reminders of a customer list do it too"
	condition:
		php_seen == 1 and php_framework == 0 and php_remote_mail > 0 and php_mail_loop > 0 and
		php_hard_address > 0 and php_time_off == 0 and php_abort_off == 0 and
		php_error_off == 0 and php_silence == 0 and php_taint_url == 0 and
		php_request_reads == 0 and php_macros == 0 and php_client_headers == 0
}

rule mails_to_pieces
{
	meta:
		group = "mailer7"
		weight = 40
		description = "mails to an address that stands nowhere in the file"
		since = "0.1"
		reference = "result boxes of phishing pages"
	condition:
		php_plain_page and php_mail_const_to > 0 and php_hard_address == 0 and php_includes == 0
		and (php_folds > 0 or php_decoders > 0)
}

rule mails_one_address
{
	meta:
		group = "mailer7"
		weight = 40
		description = "a small program that mails a letter of its own to whom the request names"
		since = "0.1"
		reference = "senders of a single campaign, tests whether a host can mail"
	condition:
		php_plain_page and php_includes == 0 and php_taint_mail_to > 0 and
		php_taint_mail_body == 0 and php_request_fields < 3 and php_tokens < 300 and
		(php_remote_code == 0 or php_remote_eval > 0 or php_write_prog > 0)
}

rule mails_one_address_odd
{
	meta:
		group = "mailer7"
		weight = 20
		description = "and answers whether it went, tells what server it is, or varies it by chance"
		since = "0.2"
		reference = "senders of a single campaign, tests whether a host can mail"
	strings:
		$answer = /\b(echo|print|die|exit)\s?\(?\s?@?mail\s?\(/
		$chance = /\b(mt_)?rand\s?\(/
	condition:
		php_plain_page and php_includes == 0 and php_taint_mail_to > 0 and
		php_taint_mail_body == 0 and php_request_fields < 3 and php_tokens < 300 and
		($answer or $chance or php_uname > 0)
}

rule mails_by_curl
{
	meta:
		group = "mailer7"
		weight = 70
		description = "hands what the request brings to a mail server through curl"
		since = "0.1"
		reference = "senders without mail() and sockets"
	strings:
		$rcpt = /CURLOPT_MAIL_RCPT/ nocase
		$url = /['"]smtps?:\/\//
	condition:
		php_plain_page and $rcpt and php_includes == 0 and
		($url or php_taint_url > 0) and
		(php_request_reads > 0 or php_input_reads > 0 or php_remote_code > 0)
}

rule mails_stolen_fields
{
	meta:
		group = "mailer7"
		weight = 60
		description = "passwords or cards of a form go to a messenger or a mailbox, and the visitor on to another page"
		since = "0.1"
		reference = "result pages of phishing kits"
	strings:
		$card = /\$_(POST|REQUEST)\s?\[\s?['"]?(e?mail|login|user|your|x|my|acc(ount)?|bank|atm|card|cc|web)?[_-]?(pass?|pass?w(or)?d|passw|pswd?|psw|pwd|cvv2?|cvc2?|ssn|pin|otp|cc|ccn|cc_?num(ber)?|cc_?no|cc_?exp|card_?(no|num|number)|cardnumber|exp_?(month|year|m|y)|expm|expy)\d?['"]?\s?\]/ nocase
		$out = /api\.telegram\.org\/bot|[^a-z0-9_>:$]mail\s?\(/ nocase
		$on = /header\s?\(\s?['"]Location:|http-equiv\s?=\s?\\?['"]?refresh|(window|document)\.location/ nocase
		$ip = /REMOTE_ADDR|HTTP_USER_AGENT/
		$app = /\bnamespace\s|ABSPATH|_JEXEC|add_action|extends\s|mysqli?_|->\s?(prepare|query)\s?\(|password_verify|filter_var|\b(include|require)(_once)?\s?\(?\s?['"]/
	condition:
		php_plain_page and filesize < 16KB and #card > 0 and $out and $on and $ip and not $app
		and php_taint_mail_to == 0 and (#card > 1 or php_taint_mail_body > 0)
}

rule mails_site_accounts
{
	meta:
		group = "mailer7"
		weight = 60
		description = "a program of its own loads the site, asks nobody's right, and mails a letter of the request in a loop"
		since = "0.1"
		reference = "senders that use the accounts and settings of the site they lie in"
	strings:
		$load = /\b(include|require)(_once)?\b[^;\n]{0,60}wp-(load|blog-header|config)\.php/
	condition:
		php_seen == 1 and $load and php_mail_loop > 0 and php_nonce == 0 and php_classes == 0 and
		(php_taint_mail_body > 0 or php_remote_mail > 0)
}

rule runs_stylesheet
{
	meta:
		group = "detour"
		weight = 60
		description = "a stylesheet of the request may call any function of PHP"
		since = "0.1"
		reference = "shells without the word eval"
	strings:
		$any = /registerPHPFunctions\s?\(\s?\)/
		$load = /(->|::)\s?load(XML)?\s?\(\s?@?(\$_(GET|POST|REQUEST|COOKIE|FILES)|base64_decode\s?\(\s?\$_|['"]php:\/\/input)/
	condition:
		has_php == 1 and filesize < 100KB and all of them
}

rule writes_program
{
	meta:
		group = "detour"
		weight = 60
		description = "what was fetched, or decoded to nobody knows what, becomes a program"
		since = "0.1"
		reference = "droppers; a picture's points, a list of numbers, another host"
	condition:
		php_plain_page and php_write_prog > 0 and php_classes == 0 and php_includes == 0 and
		php_tokens < 1500
}

rule sends_visitor_away
{
	meta:
		group = "mailer7"
		weight = 60
		description = "what a visitor typed goes to a messenger with his address and browser, and he on to another page"
		since = "0.1"
		reference = "result pages of phishing kits"
	strings:
		$hook = /api\.telegram\.org\/bot|\/api\/webhooks\/|hooks\.slack\.com\/services/
		$who = /REMOTE_ADDR/
		$with = /HTTP_USER_AGENT/
		$on = /header\s?\(\s?['"]Location:|http-equiv\s?=\s?\\?['"]?refresh|location\.(href|replace)/ nocase
		$app = /\bnamespace\s|ABSPATH|_JEXEC|add_action|->\s?(prepare|query)\s?\(|password_verify/
	condition:
		php_plain_page and filesize < 16KB and $hook and $who and $with and $on and not $app and
		php_request_fields > 0 and php_includes == 0
}
