/*
 * facts - what rules can ask about a file beside its bytes
 *
 * Job:     the names of YARA's external variables and their values for one
 *          file: where it lies, what it is called, what its times say.
 * Touches: nothing.
 *
 * The php_* variables are php.h's own table and are defined beside these.
 */
#ifndef MAILBRAKE_FACTS_H
#define MAILBRAKE_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* FACT_INT(name, meaning), FACT_STR(name, meaning) */
#define FACTS_TABLE \
	FACT_INT( \
	    view, \
	    "which text is looked at: 0 the bytes, 1 normalised, 2 an unpacked layer") \
	FACT_INT(has_php, "there is an open tag") \
	FACT_INT(php_seen, "the php_ facts are known: its PHP was taken apart") \
	FACT_INT(in_upload_dir, \
		 "below a directory made for uploads, images, caches or mail") \
	FACT_INT(in_hidden_dir, \
		 "below a directory whose name begins with a dot (not .well-known)") \
	FACT_INT(in_well_known, "below .well-known") \
	FACT_INT(in_include_dir, "below a core directory where only the package writes") \
	FACT_INT(double_ext, "a harmless extension before or after .php") \
	FACT_INT(php_ext, "an extension that web servers run as PHP") \
	FACT_INT(core_name_misplaced, "the name of a well-known core file, elsewhere") \
	FACT_INT(random_name, "a short name that looks made by a machine") \
	FACT_INT(hidden_name, "the name begins with a dot") \
	FACT_INT(backdated, \
		 "mtime is more than 30 days before ctime, ctime is of the last 3 days") \
	FACT_INT(executable, "an execute bit is set") \
	FACT_INT(foreign_owner, \
		 "its owner is not the owner of the directory it lies in") \
	FACT_INT(written_by_web, \
		 "foreign_owner, and its owner is the web server's own account") \
	FACT_INT( \
	    core_changed, \
	    "lies where a package of a *.sums list has a file, with other contents") \
	FACT_STR(filename, "the last component of the path") \
	FACT_STR(filepath, "the path") \
	FACT_STR(extension, "the extension with its dot, lower case") \
	FACT_STR(filetype, "the type by content, as in the answer") \
	FACT_STR(owner, "always empty; third-party rules name it")

struct file_facts {
#define FACT_INT(name, text) int64_t name;
#define FACT_STR(name, text) const char *name;
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	char name_buf[256], path_buf[1024], ext_buf[16];
};

/*
 * Work out the facts of a file that is known by its path, times, mode and owners (see
 * scanengine.h). The strings point into *f. core_changed is the engine's to fill.
 */
struct engine_file;
void facts_of(struct file_facts *f, const struct engine_file *file);

/* Look up which of the web servers' usual accounts there are; before the sandbox. */
void facts_find_web_users(void);
/* One more of them. */
void facts_add_web_user(uint32_t uid);

#endif
