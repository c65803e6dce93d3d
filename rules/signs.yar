/*
 * signs - what honest programs rarely do two of at once
 *
 * Each of these rules asks for two or three facts of different subjects, and is worth less
 * than a verdict: two rules of different groups make one. None asks for a text.
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

rule sign_unset_page
{
	meta:
		group = "unset"
		weight = 60
		description = "what nothing has set reaches a command, eval or the name of a file, on a page with a form"
		since = "0.1"
		reference = "programs written for register_globals"
	condition:
		php_plain_page and php_unset_sinks > 0 and php_form > 0
}

rule sign_unset_many
{
	meta:
		group = "unset"
		weight = 40
		description = "what nothing has set reaches several commands, evals or names of files"
		since = "0.1"
		reference = "programs written for register_globals"
	condition:
		php_plain_page and php_unset_sinks > 2 and php_classes == 0 and php_functions < 3
}

rule sign_forms_write
{
	meta:
		group = "page2"
		weight = 50
		description = "several forms, one with a text area, and files are written"
		since = "0.1"
		reference = "consoles and file managers"
	condition:
		php_plain_page and php_textarea > 0 and php_form > 2 and php_write_count > 0 and
		php_includes == 0
}

rule sign_forms_exec
{
	meta:
		group = "page2"
		weight = 60
		description = "several forms, and commands"
		since = "0.1"
		reference = "consoles"
	condition:
		php_plain_page and php_form > 2 and php_exec_count > 0 and php_includes < 7
}

rule sign_forms_system
{
	meta:
		group = "page3"
		weight = 40
		description = "a text area, what server it is on, and a request of several fields"
		since = "0.1"
		reference = "consoles"
	condition:
		php_plain_page and php_textarea > 0 and php_phpinfo > 0 and php_request_fields > 2 and
		php_includes < 3
}

rule sign_run_long_line
{
	meta:
		group = "packing3"
		weight = 50
		description = "code is run, and a line of it is as long as a page"
		since = "0.1"
		reference = "encoders"
	condition:
		php_plain_page and php_eval_count > 0 and php_longest_line > 2000 and php_classes < 2
		and (php_longest_string > 1000 or php_broken > 2)
}

rule sign_long_string_quiet
{
	meta:
		group = "packing3"
		weight = 50
		description = "a long string and silenced calls in a program without classes"
		since = "0.1"
		reference = "encoders and droppers"
	condition:
		php_plain_page and php_silence > 0 and php_classes == 0 and php_longest_string > 5000
		and php_functions < 12 and (php_eval_count > 0 or php_exec_count > 0 or php_write_count
		> 0 or php_taint_sql > 0 or php_decoders > 0)
}

rule sign_broken_long
{
	meta:
		group = "packing3"
		weight = 50
		description = "code that cannot be parsed and a long string"
		since = "0.1"
		reference = "encoders"
	condition:
		php_plain_page and php_broken > 0 and php_longest_string > 1000 and php_image == 0 and
		(php_ext == 1 or php_lead_bytes < 64) and php_halt == 0 and
		(php_eval_count > 0 or php_dynamic_calls > 0 or php_broken > 8)
}

rule sign_broken_quiet
{
	meta:
		group = "packing3"
		weight = 50
		description = "code that cannot be parsed, silenced calls, and it runs or sends something"
		since = "0.1"
		reference = "encoders, bots"
	condition:
		php_plain_page and php_broken > 0 and php_silence > 2 and php_halt == 0 and
		(php_eval_count > 0 or php_dynamic_calls > 0 or php_exec_count > 0 or php_sock_open > 0
		or php_callback_sinks > 0 or php_time_off > 0)
}

rule sign_form_endless
{
	meta:
		group = "page2"
		weight = 50
		description = "a form, no time limit, silenced calls"
		since = "0.1"
		reference = "consoles, mailers"
	condition:
		php_plain_page and php_form > 0 and php_silence > 2 and php_time_off > 0 and
		php_includes == 0
}

rule sign_quiet_endless
{
	meta:
		group = "page2"
		weight = 50
		description = "errors and the time limit are off in a program on its own"
		since = "0.1"
		reference = "tools of intruders"
	condition:
		php_plain_page and php_error_off > 0 and php_time_off > 0 and php_includes == 0
}

rule sign_list_endless
{
	meta:
		group = "page2"
		weight = 50
		description = "a list, no time limit, silenced calls"
		since = "0.1"
		reference = "scanners, mailers"
	condition:
		php_plain_page and php_list_newline > 0 and php_silence > 2 and php_time_off > 0 and
		php_includes == 0
}

rule sign_exec_and_write
{
	meta:
		group = "exec3"
		weight = 50
		description = "the request reaches commands and the names of files that are written"
		since = "0.1"
		reference = "consoles"
	condition:
		php_plain_page and php_request_fields > 0 and php_taint_exec > 0 and
		php_taint_write_name > 0 and php_includes < 3 and php_main > 0
}

rule sign_cookie_sql
{
	meta:
		group = "page3"
		weight = 40
		description = "cookies and the request reach the database in a program on its own"
		since = "0.1"
		reference = "database consoles"
	condition:
		php_plain_page and php_cookie_reads > 0 and php_taint_sql > 0 and php_includes == 0 and
		php_classes == 0
}

rule sign_sockets_endless
{
	meta:
		group = "page3"
		weight = 50
		description = "sockets, no time limit, on its own"
		since = "0.1"
		reference = "bots, floods, proxies"
	condition:
		php_plain_page and php_sock_open > 0 and php_includes == 0 and php_time_off > 0
}

rule sign_tiny_eval
{
	meta:
		group = "tiny"
		weight = 50
		description = "hardly more than an eval"
		since = "0.1"
		reference = "one-line shells"
	condition:
		php_plain_page and php_eval_count > 0 and php_classes == 0 and php_tokens < 60
}

rule sign_tiny_quiet
{
	meta:
		group = "tiny"
		weight = 50
		description = "a few words, the request, and errors hushed"
		since = "0.1"
		reference = "one-line shells"
	condition:
		php_plain_page and php_request_reads > 0 and php_silence > 0 and php_tokens < 60 and
		php_includes == 0 and (php_write_count > 0 or php_dynamic_calls > 0 or php_taint_eval >
		0 or php_taint_call > 0 or php_taint_exec > 0 or php_taint_include > 0 or
		php_taint_unserialize > 0)
}

rule sign_tiny_callback
{
	meta:
		group = "tiny"
		weight = 50
		description = "hardly more than a callback that runs code or commands"
		since = "0.1"
		reference = "callback shells"
	condition:
		php_plain_page and php_callback_sinks > 0 and php_tokens < 60 and php_includes == 0
}

rule sign_fetch_small
{
	meta:
		group = "loader3"
		weight = 50
		description = "a small program that runs or stores what it fetches, quietly"
		since = "0.1"
		reference = "loaders"
	condition:
		php_plain_page and php_remote_code > 0 and php_silence > 0 and php_tokens < 500
}

rule sign_mail_list
{
	meta:
		group = "mailer4"
		weight = 50
		description = "mails a list from a file in a loop without time limit, on its own"
		since = "0.1"
		reference = "senders called from a shell"
	condition:
		php_plain_page and php_mail_loop > 0 and php_list_newline > 0 and php_includes == 0 and
		(php_time_off > 0 or php_error_off > 0 or php_client_headers > 0)
}

rule sign_mail_panel
{
	meta:
		group = "mailer4"
		weight = 60
		description = "forged client headers, macros and a text area"
		since = "0.1"
		reference = "panels of product mailers"
	condition:
		php_client_headers > 0 and php_macros > 0 and php_textarea > 0 and php_framework == 0
		and php_guard == 0
}

rule sign_mail_macros
{
	meta:
		group = "mailer4"
		weight = 50
		description = "random words for letters, mail exchangers looked up, sending"
		since = "0.1"
		reference = "engines of product mailers"
	condition:
		php_plain_page and php_mx_lookup > 0 and php_send_calls > 0 and php_random_names > 2 and
		php_classes == 0
}

rule sign_object_eval
{
	meta:
		group = "run3"
		weight = 60
		description = "an object of the request, and a class that runs what it holds"
		since = "0.1"
		reference = "object injection left on purpose"
	condition:
		php_plain_page and php_taint_unserialize > 0 and php_tokens < 400 and
		(php_eval_count > 0 or (php_dynamic_calls > 0 and php_classes > 0))
}

rule sign_many_hidden
{
	meta:
		group = "hidden3"
		weight = 60
		description = "the request is run, and many calls go through variables"
		since = "0.1"
		reference = "loaders put before an honest file"
	condition:
		php_taint_eval > 0 and php_dynamic_calls > 5
}

rule sign_escaped_calls
{
	meta:
		group = "hidden3"
		weight = 60
		description = "much is written in escapes, and calls go through variables"
		since = "0.1"
		reference = "loaders put before an honest file"
	condition:
		php_escapes > 50 and php_dynamic_calls > 3
}

rule sign_preg_e_code
{
	meta:
		group = "hidden3"
		weight = 40
		description = "code from a constant runs through preg_replace /e"
		since = "0.1"
		reference = "shells without the word eval"
	condition:
		php_plain_page and php_preg_e > 0 and php_eval_const > 0 and php_classes == 0 and
		php_layers > 0
}

rule sign_self_write
{
	meta:
		group = "self"
		weight = 50
		description = "writes into its own file"
		since = "0.1"
		reference = "shells that change their password or code"
	condition:
		php_plain_page and php_self_write > 0 and (php_taint_write_data == 0 or php_textarea > 0)
}

rule sign_asset_write
{
	meta:
		group = "skim"
		weight = 60
		description = "request data goes into a file called like a picture or a style sheet"
		since = "0.1"
		reference = "what skimmers do with cards"
	condition:
		php_write_odd > 0 and php_framework == 0 and php_textarea == 0 and (php_cookie_reads > 0
		or php_eval_count > 0)
}

rule sign_opaque_writes
{
	meta:
		group = "dropper3"
		weight = 50
		description = "puts what it decodes into many places and dates them back"
		since = "0.1"
		reference = "droppers"
	condition:
		php_plain_page and php_decoders > 0 and php_touch_count > 0 and php_write_count > 0 and
		php_classes == 0 and php_includes == 0 and (php_error_off > 0 or php_time_off > 0)
}

rule sign_before_comment
{
	meta:
		group = "before"
		weight = 40
		description = "takes uploads before the comment by which a stock file begins"
		since = "0.1"
		reference = "code put before an honest file"
	condition:
		php_code_before_comment > 30 and php_upload_count > 0 and php_classes == 0 and
		php_functions == 0
}

rule sign_sql_include
{
	meta:
		group = "page3"
		weight = 50
		description = "forms whose fields reach the database and an include"
		since = "0.1"
		reference = "consoles"
	condition:
		php_plain_page and php_taint_include > 0 and php_taint_sql > 0 and php_form > 2
}

rule sign_quiet_forms
{
	meta:
		group = "page4"
		weight = 50
		description = "several forms, and errors switched off"
		since = "0.1"
		reference = "consoles"
	condition:
		php_plain_page and php_error_off > 0 and php_form > 3 and php_includes < 3
}

rule sign_upload_touch
{
	meta:
		group = "uploader3"
		weight = 50
		description = "takes uploads, sets times or modes, and has a text area, on its own"
		since = "0.1"
		reference = "file managers of intruders"
	condition:
		php_plain_page and php_textarea > 0 and php_upload_count > 0 and php_touch_count > 0 and
		php_includes == 0
}

rule sign_escaped_eval
{
	meta:
		group = "hidden3"
		weight = 60
		description = "escapes, calls through variables, and eval"
		since = "0.1"
		reference = "encoders"
	condition:
		php_plain_page and php_escapes > 20 and php_dynamic_calls > 3 and php_eval_count > 0
}

rule sign_exec_ladder
{
	meta:
		group = "exec4"
		weight = 50
		description = "every way to run a command, hushed, in a program on its own"
		since = "0.1"
		reference = "consoles, loaders"
	condition:
		php_plain_page and php_exec_count > 3 and php_includes == 0 and php_classes == 0 and
		php_silence > 3 and php_functions > 0
}

rule sign_sql_object
{
	meta:
		group = "page3"
		weight = 50
		description = "the request reaches the database and unserialize, on a page with a text area"
		since = "0.1"
		reference = "consoles"
	condition:
		php_plain_page and php_taint_sql > 2 and php_taint_unserialize > 0 and php_textarea > 0
}
