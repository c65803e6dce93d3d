/*
 * facts - see facts.h
 *
 * Job:     the facts of a path and its times.
 * Touches: the table of users, once.
 * Source:  where the CMSs keep uploads and caches, and the names of their entry files, by
 *          their own documentation.
 */
#include "facts.h"

#include <ctype.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "scanengine.h"
#include "text.h"

static const char *const upload_dirs[] = {
    "upload", "uploads", "images", "image",   "img", "cache", "caches", "tmp",  "temp",
    "media",  "files",   "backup", "backups", "css", "fonts", "font",   "mail", "logs",
};
static const char *const include_dirs[] = {
    "/wp-includes/",
    "/wp-admin/",
    "/libraries/joomla/",
    "/core/lib/drupal/",
};
/* Where a CMS's entry or settings file never lies; ends with NULL. */
static const char *const not_wordpress[] = {"/wp-content/", "/wp-includes/", "/wp-admin/",
					    NULL};
static const char *const not_joomla[] = {"/administrator/", "/components/", "/images/",
					 "/media/",         "/tmp/",        "/cache/",
					 "/language/",      "/templates/",  NULL};
static const char *const not_drupal[] = {"/files/", "/libraries/", NULL};
static const char *const not_prestashop[] = {"/img/",     "/upload/", "/download/",
					     "/modules/", "/themes/", "/cache/",
					     "/mails/",   NULL};
static const struct {
	const char *name;
	const char *const *not_in;
} core_names[] = {
    {"wp-login.php", not_wordpress},
    {"wp-config.php", not_wordpress},
    {"wp-load.php", not_wordpress},
    {"wp-settings.php", not_wordpress},
    {"wp-cron.php", not_wordpress},
    {"xmlrpc.php", not_wordpress},
    {"wp-mail.php", not_wordpress},
    {"wp-blog-header.php", not_wordpress},
    {"wp-activate.php", not_wordpress},
    {"wp-signup.php", not_wordpress},
    {"wp-links-opml.php", not_wordpress},
    {"wp-trackback.php", not_wordpress},
    {"wp-comments-post.php", not_wordpress},
    {"configuration.php", not_joomla},
    {"settings.php", not_drupal},
    {"authorize.php", not_drupal},
    {"settings.inc.php", not_prestashop},
    {"defines.inc.php", not_prestashop},
    {"smarty.config.inc.php", not_prestashop},
};
static const char *const php_exts[] = {".php",  ".php3", ".php4",  ".php5",
				       ".php7", ".php8", ".phtml", ".pht",
				       ".phps", ".phar", ".inc",   ".module"};
static const char *const harmless_exts[] = {".jpg", ".jpeg", ".png", ".gif", ".ico",
					    ".txt", ".pdf",  ".css", ".js",  ".bmp",
					    ".zip", ".html", ".svg", ".webp"};

static bool
one_of(const char *s, const char *const *list, size_t n)
{
	while (n-- > 0)
		if (strcasecmp(s, list[n]) == 0)
			return true;
	return false;
}
#define ONE_OF(s, list) one_of(s, list, sizeof(list) / sizeof(list)[0])

static void
facts_of_dirs(struct file_facts *f, const char *path)
{
	const char *at = path, *slash;
	char part[64];
	size_t i;

	for (; (slash = strchr(at, '/')) != NULL; at = slash + 1) {
		size_t n = (size_t)(slash - at);

		if (n == 0 || n >= sizeof part)
			continue;
		memcpy(part, at, n);
		part[n] = '\0';
		if (strcmp(part, ".well-known") == 0)
			f->in_well_known = 1;
		else if (part[0] == '.' && n > 2)
			f->in_hidden_dir = 1;
		else if (at > path + 1 && ONE_OF(part, upload_dirs)) /* /tmp is none */
			f->in_upload_dir = 1;
	}
	for (i = 0; i < sizeof include_dirs / sizeof include_dirs[0]; i++)
		if (strstr(path, include_dirs[i]) != NULL)
			f->in_include_dir = 1;
}

/* No vowel in five letters, or digits in the midst of letters: `xkqtz.php`, `a7b3c9.php`.
 */
static bool
looks_random(const char *name, size_t len)
{
	size_t i, letters = 0, digits = 0, vowels = 0, turns = 0;

	if (len < 5 || len > 16)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!isalnum(c))
			return false;
		if (isdigit(c))
			digits++;
		else {
			letters++;
			if (strchr("aeiouyAEIOUY", c) != NULL)
				vowels++;
		}
		if (i > 0 && isdigit(c) != 0 && isdigit((unsigned char)name[i - 1]) == 0)
			turns++;
	}
	return (letters >= 5 && vowels == 0) ||
	       (digits >= 2 && letters >= 2 && turns >= 2);
}

static void
facts_of_name(struct file_facts *f, const char *name)
{
	const char *dot = strrchr(name, '.');
	char before[16];
	size_t i, stem;

	if (dot != NULL && dot != name)
		(void)text_copy(f->ext_buf, sizeof f->ext_buf, dot);
	(void)text_lower(f->ext_buf);
	f->php_ext = ONE_OF(f->ext_buf, php_exts);
	f->hidden_name = name[0] == '.';
	stem = dot != NULL ? (size_t)(dot - name) : strlen(name);
	f->random_name = looks_random(name, stem);
	for (i = stem; i > 0 && name[i - 1] != '.'; i--)
		;
	if (i > 1 && stem - i + 1 < sizeof before) {
		before[0] = '.';
		memcpy(before + 1, name + i, stem - i);
		before[stem - i + 1] = '\0';
		f->double_ext =
		    (f->php_ext && ONE_OF(before, harmless_exts)) ||
		    (ONE_OF(before, php_exts) && ONE_OF(f->ext_buf, harmless_exts));
	}
}

#define WEB_USERS_MAX 16

static uint32_t web_users[WEB_USERS_MAX];
static size_t web_user_count;

void
facts_add_web_user(uint32_t uid)
{
	if (web_user_count < WEB_USERS_MAX)
		web_users[web_user_count++] = uid;
}

void
facts_find_web_users(void)
{
	static const char *const names[] = {"www-data", "apache", "httpd", "nginx",
					    "http",     "nobody", "lsadm", "webapps"};
	const struct passwd *pw;
	size_t i;

	web_user_count = 0;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((pw = getpwnam(names[i])) != NULL)
			facts_add_web_user(pw->pw_uid);
}

static void
facts_of_owner(struct file_facts *f, const struct engine_file *file)
{
	size_t i;

	if (file->uid < 0 || file->dir_uid < 0 || file->uid == file->dir_uid)
		return;
	f->foreign_owner = 1;
	for (i = 0; i < web_user_count; i++)
		if (web_users[i] == (uint64_t)file->uid)
			f->written_by_web = 1;
}

static bool
misplaced(const char *path, const char *name)
{
	const char *const *dir;
	size_t i;

	for (i = 0; i < sizeof core_names / sizeof core_names[0]; i++) {
		if (strcmp(name, core_names[i].name) != 0)
			continue;
		for (dir = core_names[i].not_in; *dir != NULL; dir++)
			if (strstr(path, *dir) != NULL)
				return true;
	}
	return false;
}

void
facts_of(struct file_facts *f, const struct engine_file *file)
{
	const int64_t day = INT64_C(86400) * 1000000;
	const int64_t mtime_us = file->mtime_us, ctime_us = file->ctime_us;
	const int64_t now_us = file->now_us;
	const char *path = file->path;
	const char *name = strrchr(path, '/');

	*f = (struct file_facts){0};
	(void)text_copy(f->path_buf, sizeof f->path_buf, path);
	name = name != NULL ? name + 1 : path;
	(void)text_copy(f->name_buf, sizeof f->name_buf, name);
	f->filename = f->name_buf;
	f->filepath = f->path_buf;
	f->extension = f->ext_buf;
	f->filetype = "";
	f->owner = "";
	facts_of_dirs(f, path);
	facts_of_name(f, name);
	f->core_name_misplaced = misplaced(path, name);
	f->executable = (file->mode & 0111) != 0;
	facts_of_owner(f, file);
	f->backdated = mtime_us > 0 && ctime_us > 0 && now_us > 0 &&
		       ctime_us > now_us - 3 * day && mtime_us < ctime_us - 30 * day;
}
