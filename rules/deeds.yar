/*
 * deeds - second thoughts: what makes of a suspicion a verdict
 *
 * Each of these asks for deeds that honest code does apart, and each is of a group of its
 * own: with a finding of another file it makes a verdict, alone it makes none. Measured
 * on 63,000 honest files before they were kept: each had no hit, but for one of
 * sign_dated_walk, which is worth less for that.
 */

private rule php_plain_program
{
	meta:
		group = "info"
		weight = 0
		description = "PHP that runs when it is called, and belongs to no framework that we know"
		since = "0.1"
		reference = "rules/README"
	condition:
		php_seen == 1 and php_framework == 0 and php_guard == 0 and php_nonce == 0 and
		php_namespaces == 0 and php_i18n == 0 and php_main > 0
}

rule does_edit_itself
{
	meta:
		group = "self2"
		weight = 60
		description = "request data is written into its own file"
		since = "0.1"
		reference = "shells that change their password, address or code"
	condition:
		php_seen == 1 and php_self_write > 0 and php_taint_write_data > 0
}

rule does_upload_bare
{
	meta:
		group = "uploader2"
		weight = 50
		description = "stores an upload and has no room to ask who brings what"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_program and php_upload_count > 0 and php_includes == 0 and
		php_classes == 0 and php_tokens < 60
}

rule does_upload_before
{
	meta:
		group = "uploader2"
		weight = 60
		description = "an upload is stored under its own name before the comment by which a stock file begins"
		since = "0.1"
		reference = "code put before an honest file"
	condition:
		php_seen == 1 and php_code_before_comment > 30 and php_taint_upload_name > 0 and
		php_classes == 0 and php_functions == 0 and php_tokens < 400
}

rule does_write_and_alter
{
	meta:
		group = "write2"
		weight = 50
		description = "the request says what is written where, and what is made, removed or given other rights"
		since = "0.1"
		reference = "publishing helpers of spammers, small file managers"
	condition:
		php_plain_program and php_taint_write_name > 0 and php_taint_write_data > 0 and
		php_taint_unlink > 0 and php_includes == 0 and php_classes == 0 and
		php_tokens < 500 and php_b64_request == 0
}

rule does_include_bare
{
	meta:
		group = "tiny"
		weight = 50
		description = "no page, only an include of what the request names"
		since = "0.1"
		reference = "inclusion shells"
	strings:
		// a fixed directory before and a fixed ending after it, in one expression
		$fixed = /\b(include|require)(_once)?\b[\s(@]{0,4}['"][\w.-]{0,20}\/[^;\n?:|&=,]{0,80}\.(php|html?|inc|tpl|txt)['"]\s?\)?\s?(;|\?>)/ nocase
		$any = /\b(include|require)(_once)?\b/ nocase
		$mark = /@@taint (include|require)(_once)?\b/ // our own note in the normal form
	condition:
		php_plain_program and php_taint_include > 0 and php_tokens < 30 and php_tags == 1 and
		php_lead_bytes < 4 and php_tail_bytes < 8 and
		not ($fixed and #any == #mark + 1)
}

rule does_object_eval
{
	meta:
		group = "tiny"
		weight = 50
		description = "hardly more than an object of the request and an eval"
		since = "0.1"
		reference = "object injection left on purpose"
	condition:
		php_plain_program and php_taint_unserialize > 0 and php_eval_count > 0 and
		php_tokens < 150
}

rule does_callback_bare
{
	meta:
		group = "run3"
		weight = 50
		description = "a function that runs code or commands as a callback, and nothing else"
		since = "0.1"
		reference = "callback shells"
	condition:
		php_plain_program and php_callback_sinks > 0 and php_tokens < 40 and
		php_includes == 0 and php_functions == 0 and php_classes == 0
}

rule does_call_given
{
	meta:
		group = "run3"
		weight = 50
		description = "little more than request data for a function that nothing names"
		since = "0.1"
		reference = "variable function and callback shells"
	condition:
		php_plain_program and php_call_given > 0 and php_tokens < 100 and
		php_includes == 0 and php_classes == 0
}

rule sign_unset_tiny
{
	meta:
		group = "unset"
		weight = 50
		description = "hardly more than code made of what nothing has set"
		since = "0.1"
		reference = "one-line shells written for register_globals"
	condition:
		php_plain_program and php_unset_sinks > 0 and php_tokens < 60 and
		(php_eval_count > 0 or php_create_function > 0)
}

rule page_connects_request
{
	meta:
		group = "console2"
		weight = 50
		description = "forms whose fields say which database server to use, as whom, and what to ask it"
		since = "0.1"
		reference = "database consoles of intruders"
	condition:
		php_plain_program and php_taint_db > 0 and php_taint_sql > 0 and
		php_textarea > 0 and php_form > 2 and php_includes < 2
}

rule does_eval_command
{
	meta:
		group = "run3"
		weight = 50
		description = "code in a literal that is run, and commands, in a few words"
		since = "0.1"
		reference = "one-line shells"
	condition:
		php_plain_program and php_eval_const > 0 and php_exec_count > 0 and php_tokens < 60
}

rule does_drop_and_run
{
	meta:
		group = "dropper4"
		weight = 50
		description = "decodes what it carries, writes files and runs commands, on its own"
		since = "0.1"
		reference = "droppers, back-connectors"
	condition:
		php_plain_program and php_decoders > 0 and php_exec_count > 0 and
		php_write_count > 0 and php_includes == 0 and php_classes == 0
}

rule sign_ladder_writes
{
	meta:
		group = "dropper4"
		weight = 50
		description = "every way to run a command, hushed, and files are written"
		since = "0.1"
		reference = "back-connectors, consoles"
	condition:
		php_plain_program and php_exec_count > 3 and php_write_count > 0 and
		php_silence > 3 and php_includes == 0 and php_classes == 0
}

rule sign_dated_drop
{
	meta:
		group = "dropper5"
		weight = 50
		description = "decodes what it carries, writes files and dates them back"
		since = "0.1"
		reference = "droppers"
	condition:
		php_plain_program and php_decoders > 0 and php_touch_count > 0 and
		php_write_count > 0 and php_classes == 0
}

rule sign_dated_walk
{
	meta:
		group = "dropper5"
		weight = 45
		description = "walks, writes, dates back and hushes its errors, on its own"
		since = "0.1"
		reference = "droppers that spread"
	condition:
		php_plain_program and php_touch_count > 0 and php_write_count > 0 and
		php_silence > 4 and php_loops > 3 and php_includes == 0 and php_classes == 0
}

rule sign_upload_alter
{
	meta:
		group = "uploader4"
		weight = 50
		description = "stores uploads under their own names, writes files, sets times and rights, on its own"
		since = "0.1"
		reference = "file managers of intruders"
	condition:
		php_plain_program and php_taint_upload_name > 0 and php_touch_count > 1 and
		php_write_count > 2 and php_includes == 0 and php_classes == 0
}

rule page_looks_round
{
	meta:
		group = "page3"
		weight = 40
		description = "reads what the request names and tells about the server"
		since = "0.1"
		reference = "consoles, file managers of intruders"
	condition:
		php_plain_program and php_taint_read > 0 and php_phpinfo > 0 and php_form > 0 and
		php_includes == 0 and php_classes == 0
}

rule page_relays_object
{
	meta:
		group = "page2"
		weight = 50
		description = "the request brings an object and an address, which is fetched"
		since = "0.1"
		reference = "proxies for attacks on others"
	condition:
		php_plain_program and php_taint_url > 0 and php_taint_unserialize > 0
}

rule sign_object_write
{
	meta:
		group = "loader4"
		weight = 50
		description = "the request brings an object, and what it brings is written, on its own"
		since = "0.1"
		reference = "keyed loaders"
	condition:
		php_plain_program and php_taint_unserialize > 0 and php_taint_write_data > 0 and
		php_includes == 0 and php_classes == 0
}

rule sign_folded_calls
{
	meta:
		group = "hidden3"
		weight = 60
		description = "many words are put together letter by letter, and calls are hidden"
		since = "0.1"
		reference = "encoders, loaders"
	condition:
		php_plain_program and php_folds > 20 and php_classes == 0 and
		(php_dynamic_calls > 0 or php_hidden_calls > 0)
}

rule sign_broken_eval
{
	meta:
		group = "hidden3"
		weight = 50
		description = "most of it cannot be parsed, and code is run"
		since = "0.1"
		reference = "encoders that use bytes that are no letters"
	condition:
		php_seen == 1 and php_broken > 20 and php_eval_count > 0 and php_tags < 4 and
		php_main > 0 and (php_ext == 1 or php_lead_bytes < 64)
}

rule sign_broken_keyed
{
	meta:
		group = "hidden3"
		weight = 50
		description = "names by chance, code that cannot be parsed, and request data"
		since = "0.1"
		reference = "keyed loaders"
	condition:
		php_plain_program and php_broken > 2 and php_request_reads > 0 and
		php_random_names > 4
}

rule sign_escapes_many
{
	meta:
		group = "hidden3"
		weight = 50
		description = "written in escapes, and it connects, writes or looks at headers"
		since = "0.1"
		reference = "encoders"
	condition:
		php_seen == 1 and php_escapes > 1000 and php_classes == 0 and php_main > 0 and
		(php_sock_open > 0 or php_header_reads > 0 or php_write_count > 0)
}

rule sign_mostly_string
{
	meta:
		group = "packing3"
		weight = 50
		description = "nine tenths of it are literals, and code is run"
		since = "0.1"
		reference = "encoders"
	condition:
		php_plain_program and php_code_bytes > 5000 and php_image == 0 and
		php_string_bytes * 10 > php_code_bytes * 9 and
		(php_eval_count > 0 or (php_broken > 0 and php_longest_string > 3000))
}

rule page_writable_places
{
	meta:
		group = "page2"
		weight = 50
		description = "a small page that lists which places below a given one can be written"
		since = "0.1"
		reference = "tools that look for a place to drop to"
	strings:
		$w = /is_writ(e)?able\s?\(/ nocase
		$walk = /\b(opendir|scandir|glob)\s?\(/ nocase
	condition:
		php_plain_program and filesize < 8KB and php_taint_read > 0 and php_form > 0 and
		php_includes == 0 and php_classes == 0 and all of them
}

rule carries_shell
{
	meta:
		group = "carried"
		weight = 50
		description = "a one-line shell stands in a literal"
		since = "0.1"
		reference = "tools that plant shells elsewhere"
	strings:
		$a = /['"][^'"\n]{0,120}<\?(php)?\s[^'"\n]{0,20}(system|eval|assert|passthru|shell_exec|exec)\s?\(\s?\\?\$_(GET|POST|REQUEST|COOKIE)\s?[\[{]/ nocase
	condition:
		php_plain_program and filesize < 40KB and php_includes == 0 and $a
}

rule skims_request
{
	meta:
		group = "skim2"
		weight = 60
		description = "keeps or searches everything a visitor sends, for cards and logins"
		since = "0.1"
		reference = "skimmers in the code of shops"
	strings:
		$a = /preg_match\s?\(\s?['"][^'"\n]{0,120}(cc_|card|cvv|billing|checkout|payment)[^'"\n]{0,80}['"]\s?,\s?(serialize|json_encode|print_r|implode|http_build_query)\s?\(\s?\$_(POST|REQUEST)/ nocase
		$b = /serialize\s?\(\s?\$_(REQUEST|POST)\s?\)[^;\n]{0,30}serialize\s?\(\s?\$_COOKIE/ nocase
	condition:
		php_seen == 1 and any of them
}

rule asks_search_engine
{
	meta:
		group = "abuse"
		weight = 60
		description = "asks a search engine for the sites of one address, page after page"
		since = "0.1"
		reference = "tools that look for the neighbours of a hacked site"
	strings:
		$engine = /['"]https?:\/\/[a-z.]{0,12}(bing|google|yahoo|yandex|ask)\.[a-z.]{2,6}\/(search|web)?[^'"\n]{0,40}=/ nocase
		$ip = /["']ip(:|%3A)/ nocase
		$get = /curl_exec|file_get_contents\s?\(|fsockopen\s?\(/ nocase
	condition:
		php_plain_program and filesize < 60KB and php_loops > 0 and php_includes == 0 and
		all of them
}

rule takes_orders
{
	meta:
		group = "orders"
		weight = 60
		description = "code within a site does what a field named action says, for a password kept as its hash, and ends there"
		since = "0.1"
		reference = "code put into themes and plugins to publish links and pages"
	strings:
		$pass = /\(\s?\$_REQUEST\s?\[\s?['"]password['"]\s?\]\s?={2,3}\s?['"]([0-9a-f]{32}|\{?\$\w{1,20}\}?)['"]/ nocase
		$do = /switch\s?\(\s?\$_REQUEST\s?\[\s?['"]action['"]\s?\]/ nocase
		$end = /\b(die|exit)\s?\(\s?("")?\s?\)/ nocase
	condition:
		php_seen == 1 and filesize < 100KB and all of them
}

rule relay_rewrites_code
{
	meta:
		group = "abuse2"
		weight = 60
		description = "changes the code in a request and hands it on to another host"
		since = "0.1"
		reference = "relays between a shell and its client"
	strings:
		$change = /str_replace\s?\(\s?['"]@?(base64_decode|eval|assert|system)\s?\(?/ nocase
		$post = /\$_POST\b/
		$send = /http_build_query|CURLOPT_POSTFIELDS|stream_context_create|fsockopen/
	condition:
		php_plain_program and filesize < 12KB and php_includes == 0 and all of them
}

rule page_asks_database
{
	meta:
		group = "console2"
		weight = 50
		description = "the request says which database server to use, as whom, and what to ask it; little else"
		since = "0.2"
		reference = "database consoles of intruders"
	condition:
		php_plain_program and php_taint_db > 0 and php_taint_sql > 0 and
		php_includes < 2 and php_classes == 0 and php_taint_write_data == 0 and
		php_tokens < 1500
}

rule does_write_decoded
{
	meta:
		group = "write2"
		weight = 50
		description = "the request says which files are written, and brings them encoded"
		since = "0.2"
		reference = "droppers called by other programs"
	condition:
		php_plain_program and php_taint_write_name > 0 and php_taint_write_data > 0 and
		php_b64_request > 0 and php_includes == 0 and php_classes == 0 and
		php_tokens < 900 and (php_loops > 0 or php_touch_count > 0 or
		php_md5_gate > 0 or php_header_reads > 0)
}

rule spreads_over_site
{
	meta:
		group = "dropper2"
		weight = 60
		description = "walks the site and puts code before what other programs hold"
		since = "0.2"
		reference = "droppers that spread"
	strings:
		$walk = /\b(opendir|scandir|glob)\s?\(|RecursiveDirectoryIterator/ nocase
		$put = /(file_put_contents|fwrite|fputs)\s?\(\s?\$\w{1,30}\s?,\s?['"]<\?(php)?[^\n]{0,300}['"]\s?\.\s?\$\w{1,30}\s?\)/ nocase
		$get = /file_get_contents\s?\(\s?\$|\bfread\s?\(/ nocase
		$root = /DOCUMENT_ROOT|__FILE__|__DIR__|SCRIPT_FILENAME/
	condition:
		php_plain_program and php_loops > 0 and php_classes == 0 and php_includes == 0 and
		php_tokens < 1500 and all of them
}
