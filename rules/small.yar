/*
 * small - programs so small that a framework's words in them prove nothing
 *
 * php_plain_page asks for the absence of a framework, and an intruder can write its words:
 * these rules do not ask for it, but for little code and no include. Measured on 63,000
 * honest files before they were kept: each had no hit.
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

private rule php_small
{
	meta:
		group = "info"
		weight = 0
		description = "a program of few words that includes nothing"
		since = "0.1"
		reference = "rules/README"
	condition:
		php_seen == 1 and php_tokens < 800 and php_includes == 0
}

rule small_eval_request
{
	meta:
		group = "run3"
		weight = 60
		description = "request data reaches eval or assert in a small program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_small and php_taint_eval > 0
}

rule small_code_request
{
	meta:
		group = "run3"
		weight = 60
		description = "request data reaches create_function, preg_replace /e or the like in a small program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_small and php_taint_code > 0
}

rule small_exec_request
{
	meta:
		group = "exec5"
		weight = 60
		description = "request data reaches a command in a small program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_small and php_main > 0 and php_taint_exec > 0 and php_tokens < 300
}

rule small_mail_request
{
	meta:
		group = "mailer5"
		weight = 70
		description = "recipient, subject and letter come from the request in a small program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		// a plugin's handlers check and mail within functions; checks that nothing calls prove nothing
		php_small and php_taint_mail_to > 0 and php_taint_mail_subject > 0 and
		php_taint_mail_body > 0 and (php_nonce < 2 or php_framework == 0 or php_main > 4)
}

rule small_mail_headers
{
	meta:
		group = "mailer6"
		weight = 40
		description = "and the headers too"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_small and php_taint_mail_to > 0 and php_taint_mail_body > 0 and php_taint_mail_headers > 0
}

rule small_mail_list
{
	meta:
		group = "mailer5"
		weight = 50
		description = "mails a letter of the request to a list of the request, and includes nothing"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_framework == 0 and php_includes == 0 and
		(php_main > 1 or php_tokens < 1500) and
		php_taint_mail_to > 0 and php_taint_mail_body > 0 and php_list_request > 0 and
		(php_phpmailer == 0 or php_functions < 12 or php_main > 2)
}

rule small_mail_fetched
{
	meta:
		group = "mailer5"
		weight = 60
		description = "mails in a loop, and runs or stores what it fetches"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_includes == 0 and php_mail_loop > 0 and php_remote_code > 0
}

rule small_mail_erase
{
	meta:
		group = "erase2"
		weight = 60
		description = "mails, and deletes its own file"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_mail_calls > 0 and php_self_delete > 0
}

rule small_mail_static
{
	meta:
		group = "mailer5"
		weight = 50
		description = "mails a list it splits at newlines, and includes nothing"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_includes == 0 and php_mail_loop > 0 and php_list_newline > 0 and
		php_time_off == 0 and php_error_off == 0 and php_client_headers == 0
}

rule small_mail_pipe
{
	meta:
		group = "mailer5"
		weight = 70
		description = "writes request data to a sendmail program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_includes == 0 and php_sendmail_pipe > 0 and php_taint_write_data > 0 and
		(php_phpmailer == 0 or php_functions < 12 or php_main > 2)
}

rule small_write_body
{
	meta:
		group = "write3"
		weight = 60
		description = "the body or a header of the request says which file is written, and what"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_includes == 0 and php_main > 0 and php_taint_write_name > 0 and
		php_taint_write_data > 0 and (php_input_reads > 0 or php_header_reads > 0)
}

rule small_upload_where
{
	meta:
		group = "uploader3"
		weight = 60
		description = "stores an upload where the request says in a small program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_includes == 0 and php_tokens < 250 and php_upload_count > 0 and
		php_taint_write_name > 0
}

rule small_hidden_names
{
	meta:
		group = "hidden5"
		weight = 40
		description = "hidden names of functions, and the request or eval, in a program without classes"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_hidden_sinks > 0 and php_classes == 0 and (php_request_reads > 0 or
		php_eval_count > 0 or php_create_function > 0)
}

rule small_opaque
{
	meta:
		group = "hidden5"
		weight = 40
		description = "runs what a decoder makes of data, in a small program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_eval_opaque > 0 and php_tokens < 800
}

rule archive_as_program
{
	meta:
		group = "image"
		weight = 60
		description = "an archive under the name of a program"
		since = "0.1"
		reference = "rules/README, FACTS"
	strings:
		$zip = "PK\x03\x04"
	condition:
		view == 0 and php_ext == 1 and $zip at 0
}
