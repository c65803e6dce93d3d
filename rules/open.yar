/*
 * open - what a program does for whoever asks
 *
 * These rules rest on one sink that request data reaches, and on the program being called
 * by itself: neither classes, namespaces nor the words of a framework excuse it. How large
 * it may be, and how many files it may include, is where honest programs begin; measured
 * on 63,000 of them before they were kept, each had no hit.
 */

private rule php_called
{
	meta:
		group = "info"
		weight = 0
		description = "PHP that does something when it is called, and includes next to nothing"
		since = "0.2"
		reference = "rules/README"
	condition:
		php_seen == 1 and php_main > 0 and php_includes < 2
}

private rule php_dressed
{
	meta:
		group = "info"
		weight = 0
		description = "PHP with classes, includes or words of a framework, by which other rules pass it over"
		since = "0.2"
		reference = "rules/README"
	condition:
		php_seen == 1 and (php_classes > 0 or php_includes > 0 or php_namespaces > 0 or
		php_framework > 0 or php_guard > 0 or php_nonce > 0 or php_i18n > 0)
}

rule open_eval
{
	meta:
		group = "open"
		weight = 60
		description = "request data reaches eval or assert in a program that is called"
		since = "0.2"
		reference = "shells in classes, plugins, themes"
	condition:
		php_dressed and php_main > 0 and php_includes < 3 and php_taint_eval > 0 and
		php_tokens < 4000 and (php_nonce == 0 or php_tokens < 600)
}

rule open_code
{
	meta:
		group = "open"
		weight = 60
		description = "request data is code for create_function, preg_replace /e and the like"
		since = "0.2"
		reference = "shells without the word eval"
	condition:
		php_called and php_dressed and php_includes == 0 and php_taint_code > 0 and
		php_tokens < 2000
}

rule open_exec
{
	meta:
		group = "open"
		weight = 60
		description = "request data reaches a command in a program that is called"
		since = "0.2"
		reference = "shells in classes, plugins, themes"
	condition:
		php_called and php_dressed and php_taint_exec > 0 and php_tokens < 6000 and
		(php_nonce == 0 or php_tokens < 1200)
}

rule open_call
{
	meta:
		group = "open2"
		weight = 50
		description = "the request names the function that is called, and brings what it is given"
		since = "0.2"
		reference = "variable function shells in classes and plugins"
	condition:
		php_called and php_dressed and php_includes == 0 and php_taint_call_args > 0 and php_tokens < 3000
}

rule open_write
{
	meta:
		group = "open3"
		weight = 50
		description = "the request says which file is written, and what, in classes or among a framework's words"
		since = "0.2"
		reference = "droppers in classes and plugins"
	condition:
		php_called and php_includes == 0 and php_taint_write_name > 0 and
		php_taint_write_data > 0 and php_nonce == 0 and php_guard == 0 and
		php_dressed and php_tokens < 4000
}

rule open_upload
{
	meta:
		group = "open3"
		weight = 50
		description = "an upload is stored under the name it brings, in classes or among a framework's words"
		since = "0.2"
		reference = "uploaders in classes and plugins"
	condition:
		php_called and php_includes == 0 and php_taint_upload_name > 0 and
		php_nonce == 0 and php_i18n == 0 and php_guard == 0 and php_dressed and
		php_tokens < 2500
}

rule open_include
{
	meta:
		group = "open2"
		weight = 50
		description = "a function of the program includes what the request names"
		since = "0.2"
		reference = "inclusion shells in functions and classes"
	condition:
		php_called and php_taint_include > 0 and php_functions > 0 and php_i18n == 0 and
		php_nonce == 0 and php_tokens < 2000
}

rule open_mail
{
	meta:
		group = "open"
		weight = 60
		description = "recipient, subject and letter come from the request in a program that is called"
		since = "0.2"
		reference = "senders in classes, plugins, themes"
	condition:
		php_called and php_dressed and php_includes == 0 and php_taint_mail_to > 0 and
		php_taint_mail_subject > 0 and php_taint_mail_body > 0 and php_nonce == 0 and
		php_tokens < 3000
}

rule open_mail_list
{
	meta:
		group = "open3"
		weight = 70
		description = "mails to a list of the request in a loop, in a program that is called"
		since = "0.2"
		reference = "senders in classes, plugins, themes"
	condition:
		php_called and php_dressed and php_taint_mail_to > 0 and php_mail_loop > 0 and
		php_list_request > 0 and (php_nonce == 0 or php_main > 4) and
		(php_main > 1 or php_tokens < 1500) and
		(php_includes == 0 or php_classes > 0 or php_namespaces > 0)
}

rule open_written
{
	meta:
		group = "open"
		weight = 60
		description = "includes a file to which request data or what was fetched was written"
		since = "0.2"
		reference = "droppers that run what they drop"
	condition:
		php_seen == 1 and php_main > 0 and php_includes < 3 and php_include_wrote > 0
}

rule open_relay
{
	meta:
		group = "open2"
		weight = 50
		description = "request data is written to a connection, in classes or a namespace"
		since = "0.2"
		reference = "senders and proxies in classes"
	condition:
		php_called and php_includes == 0 and php_taint_smtp > 0 and php_guard == 0 and
		php_framework == 0 and (php_classes > 0 or php_namespaces > 0) and
		php_phpmailer == 0 and php_tokens < 3000
}

rule open_callback
{
	meta:
		group = "open2"
		weight = 50
		description = "a function that runs code or commands is a callback, in a small program"
		since = "0.2"
		reference = "callback shells"
	condition:
		php_called and php_includes == 0 and php_callback_sinks > 0 and
		php_classes == 0 and php_tokens < 150
}

rule open_mail_shell
{
	meta:
		group = "open"
		weight = 60
		description = "hands the words of the request to a mail program by a command, for a list"
		since = "0.2"
		reference = "senders without mail()"
	condition:
		php_called and php_includes == 0 and php_sendmail_pipe > 0 and php_exec_count > 0 and
		php_list_request > 0 and php_request_fields > 1 and php_phpmailer == 0
}
