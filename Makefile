# The commands of the project. `make help` lists them.
SHELL := /bin/bash
GO ?= go
SHARED ?= $(abspath ../shared/data)
export RIPOSTE_SHARED_DATA := $(SHARED)

.PHONY: help deps script build demo test race lint bench conformance generate clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

deps: ## install what builds and tests need beside Go: the aws CLI, its API models, strace, curl, npm (Debian)
	@missing=; for p in awscli python3-botocore strace curl; do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	command -v npm >/dev/null || missing="$$missing npm"; \
	if [ -n "$$missing" ]; then \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	$(GO) mod download
	$(MAKE) script

JSONATA := asl/jsonata/script/jsonata.min.js

script: $(JSONATA) ## fetch the JSONata script that the binary embeds, by npm; without it all works but JSONata

$(JSONATA): asl/jsonata/npm/package-lock.json
	@if command -v npm >/dev/null; then \
	  cd asl/jsonata/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && \
	  cp node_modules/jsonata/LICENSE ../script/jsonata.LICENSE && cp node_modules/jsonata/jsonata.min.js ../script/ && touch ../script/jsonata.min.js; \
	else echo "npm is missing, so this riposte will refuse JSONata; make deps installs npm" >&2; fi

build: script ## build bin/riposte, without cgo
	CGO_ENABLED=0 $(GO) build -ldflags "-s -w -X main.version=$$(git describe --tags --always --dirty 2>/dev/null || echo dev)" -o bin/riposte ./cmd/riposte

demo: build ## play the first response on this machine: no account, no Docker, no network
	./bin/riposte demo $(ARGS)

# All is vetted before, and nobody debugs test programs.
QUICK := -vet=off -ldflags=-w

# What runs at the same time, and doesn't pull in the AWS SDK: to build that for the race detector too takes longer than the tests.
RACED := action action/setting asl/... audit bus conf content detect event evidence fault finding guard notify notify/outbound \
	notify/slack notify/smtp/... notify/webhook pattern playbook/... sandbox/wire source/file store target target/http web

test: script ## vet, gofmt and every test, the engine's with the race detector (make race: all)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	CGO_ENABLED=0 $(GO) vet ./...
	$(GO) test $(QUICK) -race -timeout 10m $(addprefix ./,$(RACED))
	CGO_ENABLED=0 $(GO) test $(QUICK) -timeout 10m $$($(GO) list ./... | grep -vxF "$$($(GO) list $(addprefix ./,$(RACED)))")

race: script ## every test with the race detector
	$(GO) test -race -timeout 20m ./...

lint: ## the linters of .golangci.yml
	@command -v golangci-lint >/dev/null || $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest
	PATH="$$PATH:$$($(GO) env GOPATH)/bin" golangci-lint run ./...

bench: build ## measure: memory at rest, latency from receipt to the first AWS call, intake, executions, bus, matching, scan; prints figures
	$(GO) run ./test/latency
	$(GO) run ./test/rest -program bin/riposte
	$(GO) run ./test/intake
	$(GO) run ./test/executions
	$(GO) run ./test/patternbench $(if $(wildcard $(SHARED)/cloudtrail),--cloudtrail $(SHARED)/cloudtrail)
	$(GO) test -run '^$$' -bench . -benchtime 1s ./...

conformance: ## the cases of other implementations, where ../shared/data exists
	@if [ -d "$(SHARED)" ]; then CGO_ENABLED=0 $(GO) test -count=1 -tags conformance -run Conformance -v $$(git grep -l '^//go:build conformance' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|') 2>&1 | grep -vE '^(=== |PASS$$|\?|testing: warning: no tests)|no tests to run' ; exit $${PIPESTATUS[0]}; \
	else echo "no $(SHARED): nothing to compare with"; fi

generate: ## write generated files anew (needs Debian's python3-botocore)
	$(GO) generate ./...

clean: ## remove what build and demo made
	rm -rf bin dist
