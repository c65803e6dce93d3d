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
		$req = /\$_(POST|REQUEST|GET)\s{0,2}\[/ nocase
		$area = "<textarea" nocase
		$split = /(explode|split|preg_split)\s{0,2}\(\s{0,2}["'\/]{1,2}(\\r)?\\n/ nocase
		$loop = /(foreach|while|for)\s{0,2}\(/ nocase
	condition:
		filesize < 2MB and all of them
}
