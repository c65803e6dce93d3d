/*
 * context - what the kernel and the lists of packages say of a file: it supports, and never
 * accuses alone (rules/README, GROUPS)
 */

rule context_owner
{
	meta:
		group = "context"
		weight = 15
		description = "PHP that belongs to another account than the directory it lies in"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		view == 0 and has_php == 1 and foreign_owner == 1
}

rule context_web_writer
{
	meta:
		group = "context"
		weight = 10
		description = "PHP that the web server's own account wrote into another one's directory"
		since = "0.1"
		reference = "rules/README, FACTS"
	condition:
		view == 0 and has_php == 1 and written_by_web == 1
}

rule context_executable
{
	meta:
		group = "context"
		weight = 5
		description = "PHP with an execute bit and without a #! line"
		since = "0.1"
		reference = "rules/README, FACTS"
	strings:
		$interpreter = /^#![ \t]{0,4}\//
	condition:
		view == 0 and has_php == 1 and executable == 1 and not $interpreter
}

rule context_core_changed
{
	meta:
		group = "context"
		weight = 20
		description = "lies where a listed package has a file, but has other contents"
		since = "0.1"
		reference = "contrib/make-sums"
	condition:
		view == 0 and core_changed == 1
}
