# Two targets matter: `make test` does all set-up and runs every test; `make check` is what a reviewer would complain about.
# Plain `go build ./...` and `go test ./...` work with Go alone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

FUZZTIME ?= 20s
SEEDS ?= 10000
BENCH ?= .
export EDGEAUTH_ARTIFACTS ?= $(CURDIR)/artifacts
tool := go tool -modfile=tools/go.mod

.PHONY: help
help: ## show these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' Makefile | column -t -s "$$(printf '\t')"

.PHONY: setup
setup: ## get what the tests need: redis-server, iproute2, Chromium, Java, Keycloak, Pebble, buf, geo data
	@scripts/setup-tests.sh

# Most tests wait more than they compute, so that twice as many at a time as there are cores are right.
.PHONY: test
test: setup ## run every test; skipped ones are listed at the end (EDGEAUTH_REQUIRE_ALL=1: they fail)
	@go test -json -race -shuffle=on -parallel $$((2 * $$(getconf _NPROCESSORS_ONLN))) -timeout 30m ./... | go run ./scripts/testsummary

.PHONY: build
build: ## build the binary edgeauth
	CGO_ENABLED=0 go build -trimpath -o edgeauth ./cmd/edgeauth

.PHONY: check
check: gofmt vet staticcheck arch tidy ## formatting, vet, staticcheck, import rules, go.mod

.PHONY: gofmt
gofmt:
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi

.PHONY: vet
vet:
	go vet ./...
	go vet -tags benchfleet ./internal/e2e

.PHONY: staticcheck
staticcheck:
	$(tool) staticcheck ./...

.PHONY: arch
arch: ## the import rules of docs/architecture.md
	go test -count=1 .

.PHONY: tidy
tidy:
	go mod tidy -diff
	go -C tools mod tidy -diff

.PHONY: simulate
simulate: ## the revocation log under seeded faults (SEEDS=10000), failures name the seed that replays them
	EDGEAUTH_SEEDS=$(SEEDS) go test -count=1 -timeout 60m -run 'edges_agree' ./revocation

.PHONY: vulncheck
vulncheck: ## known vulnerabilities in what is called; skipped where the data cannot be had
	@scripts/vulncheck.sh

.PHONY: bench
bench: ## benchmarks, without tests (BENCH=regexp)
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: bench-fleet
bench-fleet: setup ## how fast revocations spread, and what outages of Redis cost (minutes)
	go test -tags benchfleet -count=1 -v -timeout 30m -run Test_bench_fleet ./internal/e2e | grep -v '^=== '

.PHONY: fuzz-smoke
fuzz-smoke: ## every fuzz target for FUZZTIME (20s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz-smoke.sh

.PHONY: fips
fips: ## tests under GODEBUG=fips140=only
	@scripts/fips.sh

.PHONY: image-context
image-context: ## build the file set that the container image is made of
	go test -count=1 -run Image ./internal/image

.PHONY: generate
generate: ## write generated files again (schemas of configuration and audit events, configuration reference, the API from proto/)
	go generate ./...

.PHONY: clean
clean: ## remove what was built here; the cache outside the tree stays
	rm -rf edgeauth artifacts
	go clean -testcache
