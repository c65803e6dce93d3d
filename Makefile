# Mailbrake: make, make check, make demo, make install. `make help` lists the targets.

all: # what `make` alone makes

prefix      ?= /usr
sysconfdir  ?= /etc
localstatedir ?= /var
runstatedir ?= /run
bindir      ?= $(prefix)/bin
sbindir     ?= $(prefix)/sbin
libexecdir  ?= $(prefix)/libexec/mailbrake
datadir     ?= $(prefix)/share/mailbrake
mandir      ?= $(prefix)/share/man
docdir      ?= $(prefix)/share/doc/mailbrake
unitdir     ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
DESTDIR     ?=
B           ?= build
CC          ?= cc
PKG_CONFIG  ?= pkg-config
WERROR      ?=
SAN         ?=

VERSION := 0.1

# What each program needs beside the C library. Only scanners/ may use the first line,
# only db/ the second (tests/layering.sh).
PKG_scan   := yara gmime-3.0 libseccomp zlib libhs libcrypto nettle
LIB_scan   := -lmagic
PKG_daemon = sqlite3 jansson libcap-ng nettle
LIB_daemon := -linotifytools
# the journal is read where libsystemd was there at build; it is loaded when it is needed
JOURNAL := $(shell $(PKG_CONFIG) --exists libsystemd 2>/dev/null && echo libsystemd)
PKG_cli    := libcares jansson nettle zlib liblzma ncurses libcap-ng
LIB_cli    := -linih
LIB_wrapper := -linih

# Warnings and hardening; what this compiler does not know is left out.
WARN_try := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wformat=2 -Wvla -Wswitch-enum \
	-Wimplicit-fallthrough -Wnull-dereference
HARD_try := -fno-common -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
LINK_try := -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code
try = $(shell echo 'int main(void){return 0;}' | \
	$(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')

-include $(B)/flags.mk
# what was made without -Werror is made anew to be checked (not the other way round: a
# `make install` after a check has nothing to do)
ifneq ($(filter-out $(MADE_WITH),$(WERROR)),)
$(B)/flags.mk: FORCE
endif
# (without a compiler nothing is tried yet: contrib/deps.sh installs one first)
$(B)/flags.mk: Makefile
	@mkdir -p $(B)
	@command -v $(lastword $(CC)) >/dev/null || exit 0; \
	{ echo 'WARN := $(foreach f,$(WARN_try),$(call try,$(f)))'; \
	   echo 'HARD := $(foreach f,$(HARD_try),$(call try,$(f)))'; \
	   echo 'LINK := $(foreach f,$(LINK_try),$(call try,$(f)))'; \
	   echo 'MADE_WITH := $(WERROR)'; } > $@

# V=1 shows the whole commands
V ?=
Q := $(if $(V),,@)
say = @$(if $(V),:,echo '  $@')

OPT     ?= -O2 -g
FORTIFY := $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
DEFS    := -D_GNU_SOURCE -DMB_VERSION='"$(VERSION)"' -DMB_SYSCONFDIR='"$(sysconfdir)"' \
	-DMB_STATEDIR='"$(localstatedir)/lib/mailbrake"' -DMB_RUNDIR='"$(runstatedir)/mailbrake"' \
	-DMB_LIBEXECDIR='"$(libexecdir)"' -DMB_DATADIR='"$(datadir)"'
INC     := -Idaemon/common -Idaemon/judge -Idaemon/watch -Idaemon/mtlog -Idaemon/hands \
	-Idaemon/client -Iscanners -Iscanners/php -Idb -Idaemon
BASE    := -std=c11 $(OPT) $(WARN) $(WERROR) $(HARD) $(FORTIFY) $(SAN) $(DEFS) $(INC) -fPIE
pkgs    = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null | sed 's/-I/-isystem /g')

CF_common := $(BASE)
CF_daemon = $(BASE) $(if $(JOURNAL),-DMB_JOURNAL) $(call pkgs,$(PKG_daemon))
CF_scan   = $(BASE) $(call pkgs,$(PKG_scan))
CF_cli    = $(BASE) $(call pkgs,$(PKG_cli))

common_src  := $(wildcard daemon/common/*.c)
judge_src   := $(wildcard daemon/judge/*.c)
watch_src   := $(wildcard daemon/watch/*.c)
mtlog_src   := $(wildcard daemon/mtlog/*.c)
hands_src   := $(wildcard daemon/hands/*.c)
db_src      := $(wildcard db/*.c)
daemon_src  := $(wildcard daemon/*.c)
scan_src    := $(filter-out scanners/main.c,$(wildcard scanners/*.c scanners/php/*.c))
wrapper_src := $(wildcard daemon/client/sendmail*.c)
cli_src     := $(filter-out $(wrapper_src),$(wildcard daemon/client/*.c))

obj = $(patsubst %.c,$(B)/%.o,$(1))
COMMON := $(B)/libcommon.a
JUDGE  := $(B)/libjudge.a
MTLOG  := $(B)/libmtlog.a
SCAN   := $(B)/libscan.a
STORE  := $(B)/libstore.a
WATCH  := $(B)/libwatch.a
HANDS  := $(B)/libhands.a

PROGRAMS := $(if $(daemon_src),$(B)/mailbraked) $(if $(cli_src),$(B)/mailbrake) \
	$(if $(wrapper_src),$(B)/mailbrake-sendmail) $(if $(wildcard scanners/main.c),$(B)/mailbrake-scan)

all: $(PROGRAMS)

$(call obj,$(common_src) $(wrapper_src) $(wildcard daemon/mtlog/*.c)): FLAGS = $(CF_common)
$(call obj,$(daemon_src) $(judge_src) $(watch_src) $(mtlog_src) $(hands_src) $(db_src)): \
	FLAGS = $(CF_daemon)
$(call obj,$(wildcard scanners/*.c scanners/php/*.c)): FLAGS = $(CF_scan)
$(call obj,$(cli_src)): FLAGS = $(CF_cli)

$(B)/db/schema.h: db/embed.sh db/schema.sql $(wildcard db/migrations/*.sql)
	@mkdir -p $(@D)
	sh db/embed.sh db >$@.new && mv $@.new $@
$(call obj,$(db_src)): $(B)/db/schema.h
$(call obj,$(db_src)): FLAGS = $(CF_daemon) -I$(B)/db

$(B)/%.o: %.c $(B)/flags.mk
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(FLAGS) -MMD -MP -c $< -o $@

define archive
	@rm -f $@
	$(Q)ar rcs $@ $^
endef
$(COMMON): $(call obj,$(common_src)); $(archive)
$(JUDGE): $(call obj,$(judge_src)); $(archive)
$(MTLOG): $(call obj,$(mtlog_src)); $(archive)
$(SCAN): $(call obj,$(scan_src)); $(archive)
$(STORE): $(call obj,$(db_src)); $(archive)
$(WATCH): $(call obj,$(watch_src)); $(archive)
$(HANDS): $(call obj,$(hands_src)); $(archive)

libs = $(if $(1),$(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null))
$(B)/mailbraked: $(call obj,$(daemon_src)) $(WATCH) $(JUDGE) $(MTLOG) $(HANDS) $(STORE) $(COMMON)
	$(say)
	$(Q)$(CC) $(SAN) -pie $(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
	  -Wl,--end-group $(call libs,$(PKG_daemon)) $(LIB_daemon) -linih -lm
$(B)/mailbrake: $(call obj,$(cli_src)) $(JUDGE) $(MTLOG) $(COMMON)
	$(say)
	$(Q)$(CC) $(SAN) -pie $(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
	  -Wl,--end-group $(call libs,$(PKG_cli)) $(LIB_cli) -lm
# static: started once per message, and a dynamic start costs 0.15 ms more (measured)
$(B)/mailbrake-sendmail: $(call obj,$(wrapper_src)) $(COMMON)
	$(say)
	$(Q)$(CC) $(SAN) $(if $(SAN),-pie,-static-pie) $(LINK) -o $@ $^ $(LIB_wrapper)
$(B)/mailbrake-scan: $(B)/scanners/main.o $(SCAN) $(COMMON)
	$(say)
	$(Q)$(CC) $(SAN) -pie $(LINK) -o $@ $(filter %.o,$^) $(SCAN) $(COMMON) \
	  $(call libs,$(PKG_scan)) $(LIB_scan) -linih -lm

# --- tests: one program a file; a test links what it names -------------------------------
unit_bin := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
fuzz_bin := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
ALLLIB   := $(WATCH) $(JUDGE) $(MTLOG) $(HANDS) $(STORE) $(SCAN) $(COMMON)
ALLDEP   = -Wl,--start-group $(ALLLIB) -Wl,--end-group \
	$(call libs,$(PKG_scan) $(PKG_daemon) $(PKG_cli)) $(LIB_scan) $(LIB_daemon) -linih -lm
TESTCF   = $(CF_scan) -Wno-pedantic -Wno-format-zero-length $(call pkgs,$(PKG_daemon) $(PKG_cli)) -Itests

$(B)/tests/unit/%: tests/unit/%.c tests/t.h $(ALLLIB)
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(TESTCF) -MMD -MP -pie $< -o $@ $(ALLDEP)
fuzz_h := $(wildcard tests/fuzz/*.h)
$(B)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/driver.c $(fuzz_h) $(ALLLIB)
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(TESTCF) -pie $< tests/fuzz/driver.c -o $@ $(ALLDEP)

# one target for T seconds under libFuzzer with ASan and UBSan: make fuzz-msg T=60. FAST=1: with
# UBSan's traps alone, for more runs in the time; who counts runs counts the two kinds apart. What
# either finds goes to tests/fuzz/corpus/ and is replayed by every check.
comma := ,
NO_CMP := -fno-sanitize-coverage=trace-cmp
T    ?= 60
FAST ?=
fuzz_san := $(if $(FAST),undefined -fsanitize-trap=undefined,address$(comma)undefined \
	-fno-sanitize-recover=all)
# where runs are short, most of the time went into libFuzzer's bookkeeping: no record of what was
# compared with what (a dictionary has the words), edges without their counts. (ph: fuzz-php is
# meant too, and % is one letter at least)
fuzz-ph%: fuzz_kind = -php
fuzz-ph%: fuzz_opt = -entropic=0 -use_counters=0 -reduce_inputs=0 $(fuzz_len)
fuzz-ph%: fuzz_len = -max_len=96 -len_control=0
fuzz-php: fuzz_len = -max_len=512 -len_control=20 -dict=tests/fuzz/php.dict
fuzz-php_lex: fuzz_len = -max_len=96 -len_control=0 -dict=tests/fuzz/php.dict
fuzz-php_taint: fuzz_len = -max_len=48 -len_control=0
$(B)/fuzz/%: tests/fuzz/fuzz_%.c $(fuzz_h) $(ALLLIB)
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(TESTCF) -fsanitize=fuzzer $< -o $@ $(ALLDEP)
fuzz-%: fuzz_b = build-fuzz$(fuzz_kind)$(if $(FAST),-fast)
fuzz-%:
	@$(MAKE) --no-print-directory B=$(fuzz_b) CC=clang OPT='-O2 -g' \
	  SAN='-fsanitize=fuzzer-no-link,$(fuzz_san) $(if $(fuzz_kind)$(FAST),$(NO_CMP))' \
	  $(fuzz_b)/fuzz/$*
	@mkdir -p $(fuzz_b)/corpus/$*
	$(fuzz_b)/fuzz/$* -max_total_time=$(T) -timeout=10 -print_final_stats=1 $(fuzz_opt) \
	  $(fuzz_b)/corpus/$* tests/fuzz/corpus/$*
$(B)/tests/bench/%: tests/bench/%.c $(ALLLIB)
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(TESTCF) -pie $< -o $@ $(ALLDEP)

unit: $(unit_bin)
	@sh tests/run-unit.sh $(unit_bin)
fuzz-replay: $(fuzz_bin)
	@sh tests/run-fuzz.sh $(fuzz_bin)

deps:
	@sh contrib/deps.sh
# asked before anything is built, so that the README's commands work on a fresh machine
deps-ask:
	@sh contrib/deps.sh --if-missing

check: deps-ask
	@$(MAKE) --no-print-directory check-now WERROR=-Werror
check-now: all unit fuzz-replay
	@sh tests/check.sh $(B)
check-full: check
	@sh tests/check-full.sh $(B)
check-san: deps-ask
	@$(MAKE) --no-print-directory check-now B=build-san OPT='-O1 -g' \
	  SAN='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
demo: deps-ask
	@$(MAKE) --no-print-directory all
	@sh tests/demo.sh $(B)
bench: deps-ask
	@$(MAKE) --no-print-directory all
	@sh tests/bench/run.sh $(B)
I := install -D -m
D := $(DESTDIR)
install: all
	$(I) 755 $(B)/mailbraked $(D)$(sbindir)/mailbraked
	$(I) 755 $(B)/mailbrake $(D)$(bindir)/mailbrake
	$(I) 755 $(B)/mailbrake-scan $(D)$(libexecdir)/mailbrake-scan
	$(I) 755 $(B)/mailbrake-sendmail $(D)$(libexecdir)/mailbrake-sendmail
	$(I) 755 contrib/make-users $(D)$(libexecdir)/make-users
	$(I) 755 contrib/make-sums $(D)$(libexecdir)/make-sums
	sed -e 's|^real=|wrapper_installed=$(libexecdir)/mailbrake-sendmail\n&|' \
	  contrib/mailbrake-wrapper >$(B)/mailbrake-wrapper
	$(I) 755 $(B)/mailbrake-wrapper $(D)$(sbindir)/mailbrake-wrapper
	cd rules && find . -type f -exec $(I) 644 '{}' '$(D)$(datadir)/rules/{}' \;
	cd tests/samples && find . -type f -exec $(I) 644 '{}' '$(D)$(datadir)/rules/samples/{}' \;
	$(I) 644 contrib/mailbrake.conf $(D)$(datadir)/mailbrake.conf
	test -e $(D)$(sysconfdir)/mailbrake/mailbrake.conf || \
	  $(I) 644 contrib/mailbrake.conf $(D)$(sysconfdir)/mailbrake/mailbrake.conf
	install -d -m 755 $(D)$(sysconfdir)/mailbrake/rules.d $(D)$(sysconfdir)/mailbrake/hooks.d
	sed 's|/usr/sbin/mailbraked|$(sbindir)/mailbraked|' contrib/systemd/mailbraked.service \
	  >$(B)/mailbraked.service
	$(I) 644 $(B)/mailbraked.service $(D)$(unitdir)/mailbraked.service
	$(I) 644 contrib/systemd/mailbrake.sysusers $(D)$(sysusersdir)/mailbrake.conf
	for p in daemon/mailbraked.8 daemon/client/mailbrake.1 daemon/client/mailbrake-sendmail.8 \
	  daemon/common/mailbrake.conf.5 scanners/mailbrake-scan.8; do \
	  $(I) 644 $$p $(D)$(mandir)/man$${p##*.}/$${p##*/} || exit 1; done
	for p in README INSTALL CHANGES LICENSE; do $(I) 644 $$p $(D)$(docdir)/$$p || exit 1; done
	for d in exim postfix hooks nftables monitoring sysctl; do test -d contrib/$$d || continue; \
	  (cd contrib && find $$d -type f -exec $(I) 644 '{}' '$(D)$(datadir)/{}' \;); done
deb: all
	@sh contrib/packaging/deb.sh $(B)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')
clean:
	rm -rf build build-san build-fuzz*
help:
	@sed -n 's/^#: //p' Makefile
#: make            build everything into build/
#: make demo       the main job, live: a mailer is dropped, found, its mail held
#: make check      build and run the tests (installs what is missing)
#: make check-full the slower tests too (root: real Postfix, Exim, php-fpm)
#: make check-san  the tests under ASan and UBSan
#: make fuzz-NAME T=60   fuzz one target (tests/fuzz/fuzz_NAME.c) for so many seconds, under
#:                       ASan and UBSan; FAST=1: UBSan's traps alone, more runs in the time
#: make V=1        show the commands
#: make bench      speed and memory beside other tools (45 minutes; BENCH_QUICK=1: 5)
#: make deb        a Debian package into build/
#: make install    DESTDIR, prefix, sysconfdir, localstatedir as usual
#: make deps       install what the build and tests need (Debian packages)
#: make format     clang-format over the tree

-include $(shell find $(B) -path $(B)/mta -prune -o -type f -name '*.d' -print 2>/dev/null)
.PHONY: all unit fuzz-replay deps deps-ask check check-now check-full check-san demo bench \
	format clean help install deb FORCE
.SECONDARY:
