/*
 * facts - what a program does, seen through its disguise
 *
 * These rules ask nothing of the text: they stand on what taking the PHP apart has shown
 * (scanners/php/facts.def). php_plain_page: no framework, guard, nonce, namespace or
 * translation call, so nobody's application but its own.
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

rule does_eval_request
{
	meta:
		group = "run"
		weight = 60
		description = "request data reaches eval or assert"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_eval > 0 and php_classes == 0
}

rule does_eval_request_class
{
	meta:
		group = "run"
		weight = 40
		description = "request data reaches eval or assert, in a program with classes"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_taint_eval > 0 and php_classes > 0 and (php_nonce == 0 or php_main > 0)
}

rule does_eval_request_alone
{
	meta:
		group = "run2"
		weight = 60
		description = "request data reaches eval or assert in a program of few classes"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_eval > 0 and php_classes == 0 and php_functions < 40
}

rule does_code_request
{
	meta:
		group = "run"
		weight = 60
		description = "request data reaches create_function, preg_replace /e or the like"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_code > 0 and php_includes == 0 and
		(php_classes == 0 or php_tokens < 5000)
}

rule does_call_request
{
	meta:
		group = "run"
		weight = 60
		description = "the request names the function that is called"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_call > 0 and php_classes == 0 and php_functions < 30 and (php_functions < 10 or php_form > 0) and (php_includes == 0 or php_cookie_reads > 0 or php_b64_request > 0)
}

rule does_call_cookie
{
	meta:
		group = "run2"
		weight = 60
		description = "the request names the function that is called, and cookies bring more"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_call > 0 and php_cookie_reads > 0 and php_functions < 60
}

rule does_exec_request
{
	meta:
		group = "exec"
		weight = 60
		description = "request data reaches a command"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_exec > 0 and php_classes == 0 and php_includes == 0
}

rule does_exec_form
{
	meta:
		group = "exec2"
		weight = 60
		description = "a page with a form whose fields reach a command"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_exec > 0 and php_form > 0
}

rule does_exec_page
{
	meta:
		group = "exec2"
		weight = 50
		description = "commands and a text area in one page"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_exec_count > 0 and php_textarea > 0 and php_request_reads > 0 and php_includes == 0 and php_classes < 3
}

rule does_include_request
{
	meta:
		group = "run"
		weight = 30
		description = "request data reaches include"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_include > 0 and php_functions == 0 and php_tokens < 400
}

rule hides_include
{
	meta:
		group = "include"
		weight = 100
		description = "includes an image, an .ico or a hidden file whose name is written in escapes"
		since = "0.1"
		reference = "included images and .ico files"
	condition:
		php_include_odd > 0 and php_escapes > 3
}

rule does_run_remote
{
	meta:
		group = "loader"
		weight = 60
		description = "what was fetched from an address is run or stored"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_remote_code > 0 and php_includes == 0 and php_classes == 0
}

rule does_run_remote_quietly
{
	meta:
		group = "loader2"
		weight = 40
		description = "and errors or aborts are switched off"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_remote_code > 0 and (php_error_off > 0 or php_abort_off > 0 or php_time_off > 0) and php_classes == 0
}

rule does_write_request
{
	meta:
		group = "write"
		weight = 50
		description = "the request says which file is written, and what"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_write_name > 0 and php_taint_write_data > 0 and php_includes == 0 and php_classes == 0 and php_tokens < 500 and php_b64_request == 0
}

rule does_write_request_large
{
	meta:
		group = "write"
		weight = 40
		description = "the request says which file is written, and what, in a larger program"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_write_name > 0 and php_taint_write_data > 0 and php_includes == 0 and php_classes == 0 and php_tokens >= 500
}

rule does_write_page
{
	meta:
		group = "write2"
		weight = 50
		description = "a page that writes the file its form names"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_write_name > 0 and php_textarea > 0 and php_includes == 0
}

rule does_upload_anything
{
	meta:
		group = "uploader"
		weight = 60
		description = "stores an uploaded file under the name the request gives, and is little else"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_upload_name > 0 and php_includes == 0 and php_classes == 0 and php_functions == 0 and php_tokens < 900 and php_taint_sql == 0
}

rule does_upload_and_look
{
	meta:
		group = "uploader2"
		weight = 60
		description = "takes files and shows what server it is on"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_file_input > 0 and (php_uname > 0 or php_phpinfo > 1) and php_upload_count > 0
}

rule does_file_manager
{
	meta:
		group = "manager"
		weight = 50
		description = "reads, writes and deletes the files the request names"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_read > 0 and php_taint_unlink > 0 and php_taint_write_name > 0 and
		php_includes == 0 and php_main > 0
}

rule does_file_manager_upload
{
	meta:
		group = "manager2"
		weight = 50
		description = "the same, and takes uploads under any name"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_unlink > 0 and php_taint_upload_name > 0 and php_taint_read > 0 and
		php_includes == 0 and php_main > 0
}

rule does_drop_program
{
	meta:
		group = "dropper"
		weight = 50
		description = "writes a program it carries into a file"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_dropped > 0 and php_classes == 0
}

rule does_erase_itself
{
	meta:
		group = "erase"
		weight = 50
		description = "deletes its own file"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_self_delete > 0 and php_classes == 0
}

rule hides_function_names
{
	meta:
		group = "hidden"
		weight = 80
		description = "names of functions that run code, decode or mail are put together from pieces"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		(php_hidden_sinks > 2 and php_folds > 0) or
		(php_hidden_sinks > 0 and php_classes == 0 and php_main > 0) or
		(php_hidden_sinks > 0 and php_plain_page and php_tokens < 1500 and php_main > 0)
}

rule hides_many_names
{
	meta:
		group = "hidden2"
		weight = 45
		description = "several function names are put together from pieces"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_hidden_calls > 3 or (php_hidden_calls > 0 and php_dynamic_calls > 0 and php_eval_count > 0)
}

rule hides_mail
{
	meta:
		group = "hidden2"
		weight = 100
		description = "mail is sent by a hidden name or from an unpacked layer"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_mail_hidden > 0
}

rule hides_in_layers
{
	meta:
		group = "packing2"
		weight = 90
		description = "a program inside a packed program inside a file"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_max_depth > 1 and php_eval_const > 0
}

rule hides_in_layer
{
	meta:
		group = "packing"
		weight = 50
		description = "a packed program that is unpacked and run"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_eval_const > 0 and php_layers > 0 and php_decoders > 0 and php_classes == 0
}

rule hides_opaque
{
	meta:
		group = "packing2"
		weight = 80
		description = "runs what a decoder makes of data, and even its constants do not tell what"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_eval_opaque > 0
}

rule hides_globals
{
	meta:
		group = "packing2"
		weight = 90
		description = "members of $GLOBALS with hidden names"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_globals_hex > 1
}

rule hides_in_image
{
	meta:
		group = "image"
		weight = 90
		description = "begins like an image or archive, then PHP"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_image > 0 and php_code_bytes > 20 and php_tokens > 5 and
		(php_request_reads > 0 or php_eval_count > 0 or php_exec_count > 0 or
		php_write_count > 0 or php_dynamic_calls > 3 or php_functions > 0 or
		php_header_reads > 0 or php_input_reads > 0 or php_include_odd > 0)
}

rule hides_escapes
{
	meta:
		group = "packing"
		weight = 40
		description = "the code is full of escapes"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_escapes > 150 and php_eval_count > 0
}

rule hides_broken
{
	meta:
		group = "packing"
		weight = 30
		description = "code that no PHP would be written like"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_broken > 2 and (php_eval_count > 0 or php_dynamic_calls > 0)
}

rule hides_goto
{
	meta:
		group = "packing"
		weight = 50
		description = "cut to pieces and sewn with goto"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_goto_count > 10 and php_classes == 0 and (php_escapes > 20 or php_request_reads > 0)
}

rule page_errors_off
{
	meta:
		group = "page"
		weight = 50
		description = "a page with a form that switches errors off"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_error_off > 0 and php_form > 0 and php_request_reads > 0 and php_includes == 0
}

rule page_time_off
{
	meta:
		group = "page"
		weight = 30
		description = "a page with a form that runs without end"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_time_off > 0 and php_form > 0 and php_request_reads > 0 and php_includes == 0
}

rule page_fetches
{
	meta:
		group = "page"
		weight = 50
		description = "fetches the address its request names"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_url > 0 and php_request_fields > 0 and php_includes == 0 and php_classes == 0
}

rule page_lead
{
	meta:
		group = "page"
		weight = 60
		description = "text before the code, and files the request names are read"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_lead_bytes > 0 and php_taint_read > 0 and php_includes == 0 and php_classes == 0
}

rule page_sockets
{
	meta:
		group = "page"
		weight = 50
		description = "sockets without a time limit"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_sock_open > 0 and (php_time_off > 0 or php_uname > 0) and php_classes == 0 and php_includes == 0
}

rule page_sql_console
{
	meta:
		group = "page"
		weight = 40
		description = "a page that runs the SQL of its form beside commands or files"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_sql > 0 and (php_taint_read > 0 or php_phpinfo > 0) and php_textarea > 0 and php_includes == 0
}

rule mails_all_from_request
{
	meta:
		group = "mailer"
		weight = 70
		description = "recipient, subject, letter and headers come from the request"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_mail_to > 0 and php_taint_mail_subject > 0 and php_taint_mail_body > 0 and php_taint_mail_headers > 0 and php_includes == 0 and
		(php_phpmailer == 0 or php_functions < 12 or php_main > 2 or php_textarea > 0)
}

rule mails_anyone
{
	meta:
		group = "mailer"
		weight = 60
		description = "recipient, subject and letter come from the request, in a program on its own"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_mail_to > 0 and php_taint_mail_subject > 0 and php_taint_mail_body > 0 and php_includes == 0 and php_classes == 0
}

rule mails_a_list
{
	meta:
		group = "mailer2"
		weight = 70
		description = "mails the letter of the request to a list of the request, one by one"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_mail_to > 0 and php_taint_mail_body > 0 and php_list_request > 0 and php_mail_loop > 0
}

rule mails_a_list_page
{
	meta:
		group = "mailer3"
		weight = 40
		description = "with a page of its own to type them in"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_mail_to > 0 and php_taint_mail_body > 0 and php_textarea > 0 and (php_list_request > 0 or php_mail_loop > 0) and php_includes == 0
}

rule mails_without_end
{
	meta:
		group = "mailer3"
		weight = 50
		description = "in a loop, errors or the time limit off"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_mail_loop > 0 and (php_error_off > 0 or php_time_off > 0 or php_abort_off > 0) and php_taint_mail_to > 0
}

rule mails_with_macros
{
	meta:
		group = "mailer3"
		weight = 40
		description = "fills macros into letters of the request"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_macros > 0 and php_taint_mail_body > 0 and (php_mail_loop > 0 or php_list_request > 0) and php_includes == 0
}

rule mails_decoded
{
	meta:
		group = "mailer2"
		weight = 60
		description = "what it mails comes encoded"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_b64_request > 1 and (php_taint_mail_to > 0 or php_taint_mail_body > 0) and php_classes == 0 and php_includes == 0
}

rule mails_forged
{
	meta:
		group = "mailer3"
		weight = 40
		description = "under the headers of a mail client"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_client_headers > 0 and php_taint_mail_to > 0
}

rule mails_with_library_page
{
	meta:
		group = "mailer2"
		weight = 80
		description = "a whole mail library and a page in one file"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_phpmailer > 0 and php_textarea > 0 and php_request_reads > 1
}

rule mails_hiding_script
{
	meta:
		group = "mailer2"
		weight = 80
		description = "overwrites what PHP says about the sender, and mails"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_server_write > 0 and (php_mail_calls > 0 or php_send_calls > 0) and php_includes == 0
}

rule mails_hiding_script_ini
{
	meta:
		group = "mailer2"
		weight = 60
		description = "switches off the header by which PHP names the script"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_ini_mail > 0 and (php_mail_calls > 0 or php_send_calls > 0) and php_request_reads > 0 and php_includes == 0 and
		(php_phpmailer == 0 or php_functions < 12 or php_main > 2)
}

rule mails_direct
{
	meta:
		group = "mailer"
		weight = 60
		description = "speaks SMTP to the mail exchangers it looks up"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_mx_lookup > 0 and php_smtp_verbs > 2 and php_request_reads > 2 and php_sock_open > 0 and php_includes == 0
}

rule mails_direct_request
{
	meta:
		group = "mailer2"
		weight = 60
		description = "request data is written to a mail server"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_smtp > 0 and php_smtp_verbs > 2 and php_includes == 0 and
		(php_phpmailer == 0 or php_functions < 12 or php_main > 2)
}

rule mails_to_author
{
	meta:
		group = "mailer3"
		weight = 40
		description = "mails to an address it carries, what server it is on or what the request brought"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_mail_const_to > 0 and (php_uname > 0 or php_remote_code > 0 or php_taint_exec > 0 or php_exec_count > 0) and php_includes == 0
}

rule does_include_tiny
{
	meta:
		group = "run2"
		weight = 30
		description = "and is nothing else"
		since = "0.1"
		reference = "rules/README, FACTS"
	strings:
		// a fixed directory before and the ending of a program after it, in one expression
		$fixed = /\b(include|require)(_once)?\b[\s(@]{0,4}['"][\w.-]{0,20}\/[^;\n?:|&=,]{0,80}\.(php|inc)['"]\s?\)?\s?(;|\?>)/ nocase
		$any = /\b(include|require)(_once)?\b/ nocase
		$mark = /@@taint (include|require)(_once)?\b/ // our own note in the normal form
	condition:
		php_plain_page and php_taint_include > 0 and php_tokens < 70 and
		not ($fixed and #any == #mark + 1)
}

rule does_extract_request
{
	meta:
		group = "run"
		weight = 60
		description = "the request sets any variable, and code is called or run through variables"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_extract > 0 and php_includes == 0 and (php_dynamic_calls > 0 or php_eval_count > 0 or php_taint_call > 0)
}

rule does_erase_after_request
{
	meta:
		group = "manner"
		weight = 20
		description = "deletes its own file when it was asked something"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_self_delete > 0 and php_request_reads > 0
}

rule does_upload_page
{
	meta:
		group = "uploader"
		weight = 40
		description = "a page that stores uploads under their own name, without classes or application"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_upload_name > 0 and php_form > 0 and php_includes == 0 and php_classes == 0
}

rule mails_engine_page
{
	meta:
		group = "mailer4"
		weight = 100
		description = "a page for a list of addresses with the whole of SMTP in the same file"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_framework == 0 and php_guard == 0 and php_textarea > 0 and
		php_smtp_verbs > 3 and php_list_request > 0 and php_request_fields > 4
}

rule mails_library_list
{
	meta:
		group = "mailer4"
		weight = 100
		description = "a mail library, a text area, and a list of the request in one file"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_framework == 0 and php_guard == 0 and php_phpmailer > 0 and
		php_list_request > 0 and php_textarea > 0
}

rule does_relay_request
{
	meta:
		group = "socket"
		weight = 60
		description = "request data is written to a connection, in a program on its own"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_smtp > 0 and php_includes == 0 and
		(php_phpmailer == 0 or php_functions < 12 or php_main > 2)
}

rule does_connect_endless
{
	meta:
		group = "socket2"
		weight = 60
		description = "connects where the request says, and must not be stopped"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_sock_open > 0 and php_taint_url > 0 and php_framework == 0 and
		php_guard == 0 and php_namespaces == 0 and php_classes == 0 and
		(php_time_off > 0 or php_abort_off > 0)
}

rule does_preg_e_request
{
	meta:
		group = "run2"
		weight = 60
		description = "the request brings code for the /e modifier"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_preg_e > 0 and php_taint_code > 0
}

rule does_call_tiny
{
	meta:
		group = "tiny"
		weight = 60
		description = "little more than a call of what the request names"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_call > 0 and php_tokens < 100 and php_includes == 0
}

rule does_call_decoded
{
	meta:
		group = "run2"
		weight = 60
		description = "the request names the function that is called, and what it brings is decoded"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_plain_page and php_taint_call > 0 and php_b64_request > 0 and php_includes < 3
}

rule does_exec_alone
{
	meta:
		group = "exec3"
		weight = 50
		description = "request data reaches a command in a program that includes nothing"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		php_seen == 1 and php_framework == 0 and php_guard == 0 and php_namespaces == 0 and
		php_taint_exec > 0 and php_includes == 0 and php_main > 0
}

rule page_searches
{
	meta:
		group = "page"
		weight = 50
		description = "asks one host again and again for what its text area holds, hushed"
		since = "0.1"
		reference = "scanners that find victims by a search engine"
	condition:
		php_plain_page and php_url_part > 0 and php_textarea > 0 and php_loops > 0 and
		php_silence > 0 and php_includes == 0
}
