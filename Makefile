# Plain cargo inside. `make` alone lists the targets.

CARGO_TARGET ?= $(or $(CARGO_TARGET_DIR),target)
# Where Terraform and OpenTofu look by default.
PLUGIN_DIR ?= $(HOME)/.terraform.d/plugins

.DEFAULT_GOAL := help
.PHONY: help build demo test torture lint deny actions check docs states lines bench terraform tofu install release clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# With the examples, Cargo chooses the features of dependencies as it does for tests, so that tests build none of them again.
build: ## build the provider and the simulator (debug)
	cargo build --workspace --bins --examples

demo: build ## run the example on a simulated Teleport Cloud, step by step (DEMO_PROGRAM=terraform or tofu)
	@examples/demo.sh $(CARGO_TARGET)/debug

test: ## run every test, the acceptance tests on each terraform and tofu that is found
	@tools/test

torture: build ## inject faults at every moment, and write the table in docs/guides/reliability.md (TORTURE_CELLS: how many)
	TORTURE_CELLS="$${TORTURE_CELLS:-all}" TORTURE_REPORT="docs/guides/reliability.md" cargo test --test torture

lint: ## check format, lints, the crates' documentation, and that the provider compiles for Windows
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items
	@tools/check-windows

deny: ## check licences, sources, banned crates and advisories of the dependencies (needs cargo-deny)
	@tools/check-deny

actions: ## check the workflows in .github/ with actionlint (built from its Go module)
	@tools/check-actions

check: lint deny actions test ## run lint, licences, workflows and tests: what a change must pass

docs: ## write the pages in docs/, except the guides, from the schemas and examples/
	UPDATE=1 cargo test --test generated

states: ## write the states of this version into tests/states/ (needs terraform)
	UPDATE_STATES=1 TOFU_PATH= cargo test --test acceptance states:: -- --test-threads 1

lines: ## count the lines of Rust code without tests
	@tools/count-lines

bench: ## measure the provider (release build); the table goes to stderr, JSON to stdout
	cargo bench --bench provider

terraform: ## build Terraform from its Go module into build/ (needs Go; some minutes, once)
	@tools/build-program terraform

tofu: ## build OpenTofu from its Go module into build/ (needs Go; some minutes, once)
	@tools/build-program tofu

install: ## build the provider (release) and put it where terraform and tofu find it (PLUGIN_DIR)
	cargo build --release --bin terraform-provider-teleport
	@tools/install-provider $(CARGO_TARGET)/release/terraform-provider-teleport "$(PLUGIN_DIR)"

release: ## build the files of a release into dist/ (VERSION: what Cargo.toml says; see CONTRIBUTING.md)
	@tools/release all $(VERSION)

clean: ## remove everything that was built, also Terraform, OpenTofu and releases
	cargo clean
	rm -rf build dist
