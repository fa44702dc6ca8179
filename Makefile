# `make` lists the targets.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
PREFIX  ?= /usr
GOTEST  := $(GO) run ./internal/test/gotest
# Packages that do not link the Graph SDK: the static analysis of the others would need its 4.5 GB again.
LEAN     = $(shell $(GO) list -f '{{.ImportPath}} {{join .Deps " "}}' ./... | grep -v 'msgraph-sdk-go/users' | cut -d' ' -f1)
FUZZTIME ?= 30s

.PHONY: help build run test check fuzz attack crash chaos upgrade debian bench bench-graph smuggle install interop tls bench-smtp bench-score bench-sets bench-flow bench-jobs bench-index screenshots deb rpm install-files
help: ## list the targets
	@awk -F':.*## ' '/^[a-z -]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/clawback (the first time: some minutes and 5 GB of memory for the Graph SDK)
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/clawback ./cmd/clawback

run: build ## build and show the main job on journal reports, from SMTP to a mailbox in a Graph simulator
	bin/clawback demo

test: ## all tests that need nothing but Go; those that need a server say so when it is not there
	$(GOTEST) -timeout 30m ./...

check: ## vet, gofmt, static analysis, known vulnerabilities, import rules, race detector, shuffled order
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck $(LEAN)
	@$(MAKE) -s build && scripts/vulncheck.sh bin/clawback
	$(GOTEST) -race -shuffle=on -short -timeout 45m ./...

fuzz: ## every fuzz target for FUZZTIME each (30s)
	@for p in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -ho '^func Fuzz[A-Za-z_0-9]*' $$p/*_test.go | cut -c6-); do \
	    echo "== $$p $$f"; $(GO) test $$p -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) || exit 1; done; done

attack: ## what strangers can try, against the real daemon and the simulator: none of it works
	$(GO) test ./internal/test/e2e ./internal/test/crash -run TestAttack_ -count=1 -timeout 60m -v

smuggle: ## every end-of-data variant of the known smuggling tools, over DATA and BDAT
	$(GO) test ./smtpd -run Smuggl -count=1 -v

interop: ## swaks, curl, smtplib, Exim and Postfix deliver to the real daemon; certificates from Pebble; 150 and 400 MB reports in bounded memory
	$(GO) test ./internal/test/interop -count=1 -timeout 30m -v -args -large

tls: ## testssl.sh against the listener of the real daemon: no finding of LOW or worse
	$(GO) test ./internal/test/interop -count=1 -timeout 15m -v -run Testssl -args -tls

crash: ## kill the real daemon at every commit point and at random, fill its disk, fail its syncs: nothing is lost or doubled
	$(GO) test ./internal/test/crash -count=1 -timeout 90m -v -args -rounds=$(or $(ROUNDS),200)

chaos: ## thousands of seeded scenarios of retraction under a bad day of Graph's, users who move mail, crashes, kills
	$(GO) test ./internal/test/chaos -count=1 -timeout 60m -parallel 4 -v -args -seeds=$(or $(SEEDS),2000) -first=$(or $(FIRST),1) -kills=$(or $(KILLS),20)

upgrade: ## build an earlier commit (FROM=COMMIT), stop and kill it, and carry on with what it has left; it refuses what came later
	$(GO) test ./internal/test/upgrade -count=1 -timeout 30m -v -args -from=$(FROM)

debian: ## lead the packages through their life in a Debian 12 that boots: DEB=FILE, BEFORE=FILE of an earlier version, RPM=FILE (as root)
	scripts/debian-root.sh /var/cache/clawback-test/bookworm
	$(GO) test ./internal/test/debian -count=1 -timeout 60m -v -args -root=/var/cache/clawback-test/bookworm \
	  -deb=$(abspath $(or $(wildcard $(DEB)),$(lastword $(sort $(wildcard dist/clawback_*.deb))))) \
	  $(if $(BEFORE),-before=$(abspath $(BEFORE))) $(if $(RPM),-rpm=$(abspath $(RPM)))

bench: ## accepted messages a second against a discarding listener, and the other measurements
	$(GO) run ./internal/test/bench

bench-graph: build ## retractions a second, requests for each, and the time from C1 to the move, at 50 ms of latency
	$(GO) run ./internal/test/benchgraph

bench-jobs: ## bulk jobs of 100,000, 300,000 and a million ids: time, memory and bytes written for each id, and answers for progress
	$(GO) test ./retract/job -run '^$$' -bench Job -benchtime 1x -timeout 2h -ids 100000,300000,1000000

bench-index: ## searches, bulk probes and a feed's update by the index, at 100,000 and a million messages; the index alone at 10 million
	for n in 100000 1000000; do dir=$$(mktemp -d) && \
	  $(GO) test ./store/index -run '^$$' -bench 'Search|Probe$$' -benchtime 100x -timeout 3h -docs $$n -dir $$dir && \
	  $(GO) test ./intel/sighting -run '^$$' -bench Update -benchtime 20x -timeout 3h -docs $$n -dir $$dir; rm -r $$dir; done
	for n in 1000000 10000000; do \
	  $(GO) test ./store/index -run '^$$' -bench ProbeSegments -benchtime 20x -timeout 2h -docs $$n; done

bench-flow: build ## from the 250 to the verdict and to the move, over SMTP, beside the bare scorer on the same files
	$(GO) run ./internal/test/benchflow $(if $(TABLE),-table)

bench-smtp: ## accepted messages a second against Debian's Postfix, the two taking turns (as root)
	$(GO) run ./internal/test/benchsmtp

bench-sets: ## the scorer on the project's own sets of mail, by kind and language
	$(GO) run ./internal/test/benchsets

bench-score: build ## the scorer on labelled mail (MAIL=DIR), per source, beside other filters; its speed against rspamd's
	scripts/bench-score.sh

screenshots: build ## the pictures of the console in README.md, from the demo (needs chromium)
	$(GO) run ./internal/test/consoleshots

deb rpm: ## a package below dist/, the same bytes for the same commit, with its SBOM (compiles everything anew, once)
	packaging/build.sh $@

install: build ## install the binary, units, manual, completions and documentation
	@$(MAKE) -s install-files BINARY=bin/clawback

DOC = $(DESTDIR)$(PREFIX)/share/doc/clawback
install-files:
	install -D -m 0755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/clawback
	install -d -m 0755 $(DESTDIR)/usr/lib/systemd/system $(DOC)/decisions $(DOC)/examples $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5
	for unit in systemd/*.service systemd/*.socket; do \
	  sed 's|/usr/bin/clawback|$(PREFIX)/bin/clawback|; s|/usr/share/doc|$(PREFIX)/share/doc|' $$unit > $(DESTDIR)/usr/lib/systemd/system/$${unit#systemd/}; \
	  chmod 0644 $(DESTDIR)/usr/lib/systemd/system/$${unit#systemd/}; done
	install -D -m 0644 systemd/clawback.sysusers $(DESTDIR)/usr/lib/sysusers.d/clawback.conf
	install -D -m 0644 systemd/clawback.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/clawback.conf
	install -D -m 0644 systemd/clawback.catalog $(DESTDIR)/usr/lib/systemd/catalog/clawback.catalog
	install -m 0644 packaging/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 0644 packaging/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -D -m 0644 packaging/completions/clawback.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/clawback
	install -D -m 0644 packaging/completions/_clawback $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_clawback
	install -D -m 0644 packaging/completions/clawback.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/clawback.fish
	install -m 0644 README.md docs/*.md $(DOC)
	install -m 0644 docs/decisions/*.md $(DOC)/decisions
	install -m 0644 config/clawback.example.toml $(DOC)/examples
