#!/usr/bin/env bash
# Shows the provider at work: a real terraform or tofu creates, checks, edits and destroys a workload cluster and the objects
# in it (examples/complete) on a simulated Teleport Cloud. Each step is checked, and the first one that fails ends the demo.
#
# usage: examples/demo.sh FOLDER   (with terraform-provider-teleport and teleport-simulator in it; `make demo` builds them)
# DEMO_PROGRAM names the program to run: terraform, tofu or a path.
set -euo pipefail

readonly steps=10
readonly provisioning=12s

main() {
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    binaries=$(cd "${1:?the folder of the binaries}" && pwd)
    colours
    if [ $# = 1 ]; then
        prepare
        return
    fi
    work=$2 program=$3

    look_around
    install_provider
    plan
    create
    look
    plan_again
    edit_role
    edit_spec
    undo_edit
    destroy
}

# Runs all steps on a simulated Teleport Cloud, and leaves nothing behind.
prepare() {
    program=$(choose_program)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    isolate
    "$binaries/teleport-simulator" run --provisioning "$provisioning" -- \
        "$root/examples/demo.sh" "$binaries" "$work" "$program"
    echo
    echo "${bold}All $steps steps succeeded, in $SECONDS seconds.${plain}" \
        "Nothing is left behind: the simulator is stopped, and $work is deleted."
}

look_around() {
    heading "A simulated Teleport Cloud runs" \
        "It speaks the real protocols on loopback. The provider has no code for it. teleport-simulator run started it, and set the
environment for these steps: an identity of the parent, and AWS credentials with which the bot joins the new cluster. They are
invented, and only the simulator knows them."
    echo "The parent cluster is at $TF_TELEPORT_ADDR. A new cluster takes $provisioning to become active."

    cp -R "$root/examples/complete" "$work/module"
    cd "$work/module"
    cat >terraform.tfvars <<VARIABLES
addr               = "$TF_TELEPORT_ADDR"
identity_file_path = "$TF_TELEPORT_IDENTITY_FILE_PATH"
name               = "acme-dev"
regions            = ["us-west-2"]
aws_account        = "123456789012"
aws_arn            = "arn:aws:sts::123456789012:assumed-role/terraform/*"
VARIABLES
}

install_provider() {
    heading "The provider is installed" \
        "As users install it: init takes it from a filesystem mirror and writes a lock file. (The warning about checksums is
normal for a provider from a folder: the lock file has the checksums of this platform only.)"
    "$root/tools/install-provider" "$binaries/terraform-provider-teleport" "$work/mirror" >/dev/null
    cat >"$work/cli.tfrc" <<CONFIG
provider_installation {
  filesystem_mirror {
    path    = "$work/mirror"
    include = ["teleport-community/teleport"]
  }
  direct {
    exclude = ["teleport-community/teleport"]
  }
}
CONFIG
    export TF_CLI_CONFIG_FILE=$work/cli.tfrc
    run 0 init
    says "successfully initialized"
    grep -q 'teleport-community/teleport"' .terraform.lock.hcl || fail "the lock file does not name the provider"
}

plan() {
    heading "A plan" \
        "A role and a workload cluster in the parent; in the new cluster a role, a user and a link that invites the user. The
address in the second provider block is not known yet, and all of it is still one plan."
    run 2 plan -detailed-exitcode
    says "Plan: 5 to add, 0 to change, 0 to destroy."
}

create() {
    heading "One apply creates all of it" \
        "The apply creates the cluster and waits until it is active. Then the provider joins it as its bot, with the AWS
credentials of this machine, and creates the role, the user and the link. It needs no tbot, tctl or tsh, and no file."
    run 0 apply -auto-approve
    says "Apply complete! Resources: 5 added, 0 changed, 0 destroyed."
    [ "$("$program" output -raw state)" = active ] || fail "the output state is not active"
    [ -n "$("$program" output -raw domain)" ] || fail "the output domain is empty"
}

look() {
    heading "The result" \
        "The link is a sensitive output, which is shown only on request. The new cluster itself shows its users."
    run 0 output -raw invite_url
    echo
    says "https://$("$program" output -raw domain)/web/invite/"
    echo
    ask /clusters/acme-dev/users
    local user
    user=$(tr '{' '\n' <<<"$answer" | grep '"name":"example"') || fail "the user is not in the new cluster: $answer"
    [[ $user == *'"roles":["example"]'* ]] || fail "the user has other roles: $user"
    echo "${dim}(The new cluster answered: bot-terraform created the user example, with the role example.)${plain}"
}

plan_again() {
    heading "A second plan finds no changes" \
        "Both clusters have what the configuration says."
    run 0 plan -detailed-exitcode
    says "No changes."
}

edit_role() {
    heading "A change in the new cluster" \
        "The role gets one more environment. It is updated in place, and nothing else changes."
    sed -i.old 's/env = \["dev"\]/env = ["dev", "staging"]/' main.tf
    run 0 apply -auto-approve
    says "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
}

edit_spec() {
    heading "An edit of spec is stopped before it destroys anything" \
        "A spec cannot be changed, so the plan is a replacement. But a deleted name is held for 14 days: the cluster would be
destroyed, and could not be created again. The plan warns of that, and the apply stops before it deletes anything. Nothing in
the cluster changes."
    sed -i.old 's/us-west-2/eu-central-1/' terraform.tfvars
    run 2 plan -detailed-exitcode
    says "must be replaced"
    says "Plan: 1 to add, 0 to change, 1 to destroy."
    says "Warning:"
    says "14 days"
    run 1 apply -auto-approve
    says "Error:"
    says "14 days"
    ! called DeleteWorkloadCluster || fail "the server was called to delete the cluster"
    echo "${dim}(The server answered: there was no call to delete anything.)${plain}"
}

undo_edit() {
    heading "The edit is undone" \
        "The cluster and the state are as before."
    mv terraform.tfvars.old terraform.tfvars
    run 0 plan -detailed-exitcode
    says "No changes."
}

destroy() {
    heading "One destroy removes all of it" \
        "This time on purpose. The bot may not delete users and roles. With deletion_policy = abandon they are destroyed with
the cluster, without a call to it. The warning says how long the name is held."
    run 0 destroy -auto-approve
    says "Destroy complete! Resources: 5 destroyed."
    says "14 days"
    called DeleteWorkloadCluster || fail "the server was not called to delete the cluster"
    ! called DeleteUser || fail "the new cluster was called to delete a user"
    [ -z "$("$program" state list)" ] || fail "the state is not empty"
}

# Shows and runs the program, and fails unless it exits as expected: run STATUS ARGUMENT...
run() {
    local expected=$1 status=0
    shift
    echo "${dim}\$ ${program##*/} $*${plain}"
    "$program" "$@" ${no_color:+"$no_color"} 2>&1 | tee "$work/output" || status=$?
    [ "$status" = "$expected" ] || fail "${program##*/} $1 exited with $status instead of $expected"
}

# Fails unless the last run said so, wherever its lines were wrapped.
says() {
    sed -e $'s/\033\\[[0-9;]*m//g' -e 's/[│╷╵]/ /g' "$work/output" | tr -s '[:space:]' ' ' |
        grep -F -e "$1" >/dev/null || fail "it did not say: $1"
}

# Whether the simulator's journal has such a call.
called() {
    ask /calls
    [[ $answer == *"\"$1\""* ]]
}

# Asks the simulator's control API: what it says is in `answer`.
ask() {
    local address=${TELEPORT_SIMULATOR_URL#http://}
    exec 4<>"/dev/tcp/${address%:*}/${address##*:}"
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" "$address" >&4
    answer=$(cat <&4)
    exec 4>&-
    [[ $answer == HTTP/1.?\ 200* ]] || fail "the simulator does not answer $1: $answer"
}

# The first program that is found, of those that DEMO_PROGRAM allows.
choose_program() {
    local found
    case ${DEMO_PROGRAM:-} in
        '') found=$("$root/tools/find-programs") ;;
        terraform) found=$(TOFU_PATH='' "$root/tools/find-programs") ;;
        tofu) found=$(TERRAFORM_PATH='' "$root/tools/find-programs") ;;
        *) found=$(command -v -- "$(cd "$(dirname "$DEMO_PROGRAM")" && pwd)/${DEMO_PROGRAM##*/}") ;;
    esac || return
    head -n 1 <<<"$found"
}

# Ignores the caller's own settings of Terraform and Teleport.
isolate() {
    local variable
    for variable in $(compgen -e); do
        case $variable in
            TF_* | TELEPORT_* | TOFU_* | AWS_* | [Hh][Tt][Tt][Pp]*_[Pp][Rr][Oo][Xx][Yy] | [Aa][Ll][Ll]_[Pp][Rr][Oo][Xx][Yy])
                unset "$variable"
                ;;
        esac
    done
    mkdir "$work/home"
    export HOME=$work/home CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0
}

colours() {
    bold='' dim='' red='' plain='' no_color=-no-color
    if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
        bold=$'\033[1m' dim=$'\033[2m' red=$'\033[31m' plain=$'\033[0m' no_color=
    fi
}

heading() {
    step=$((${step:-0} + 1))
    echo
    echo "${bold}=== $step of $steps: $1 ===${plain}"
    echo "$2"
    echo
}

fail() {
    echo "${red:-}the demo failed at step ${step:-0}: $1${plain:-}" >&2
    exit 1
}

main "$@"
