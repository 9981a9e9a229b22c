# SPDX-License-Identifier: Apache-2.0
"""Mistakes with packaging tasks."""

import json

from mistake import POLICY, mistake

TASK = "pkg-seal task"
IN = "--spool tasks"
CREATE = f"{TASK} create {IN} -d ecu-a.yaml --name demo --version 1.0"
ALICE = "--key KEYS/alice.key --cert KEYS/alice.pem"


def desk(box, policy=True, signing=True):
    """A spool with the task t1; with a policy it waits for alice."""
    text = "kind: sealed"
    more = "approvalPolicy: release.yaml\n" if policy else ""
    if signing:
        more += ("signing: {key: KEYS/officer.key, "
                 "cert: KEYS/officer.pem}\n")
    box.device(text, more + text)
    box.write("release.yaml", POLICY)
    box.does(f"{CREATE} --requester build --id t1 os.bin")


def decide(box, decision="APPROVED"):
    said = json.loads(box.does(f"{TASK} status {IN} t1"))
    digest = said["manifest_sha256"]
    box.does(f"{TASK} approve {IN} --decision {decision} --reason tested "
             f"--yes --expect-digest {digest} {ALICE} t1")


@mistake(f"{TASK} create {IN} --name demo --version 1.0 os.bin", exits=2)
def task_without_a_device_config(box):
    pass


@mistake(f"{TASK} list", exits=2)
def task_list_without_a_spool(box):
    pass


@mistake(f"{TASK} list --spool task", exits=4)
def task_list_of_a_spool_that_is_not_there(box):
    desk(box)


@mistake(f"{TASK} creat {IN}", exits=2)
def task_verb_misspelt(box):
    pass


@mistake(f"{TASK} list {IN} --status created", exits=2)
def task_status_in_small_letters(box):
    desk(box)


@mistake(f"{CREATE} --id t2 os.bin", exits=2)
def task_for_officers_without_a_requester(box):
    desk(box)


@mistake(f"{CREATE} --requester build --id t1 app.bin", exits=2)
def task_of_an_id_that_is_taken(box):
    desk(box)


@mistake(f"{CREATE} --requester build --id t/2 os.bin", exits=3)
def task_with_an_id_that_is_a_path(box):
    desk(box)


@mistake(f"{TASK} status {IN} t2", exits=1)
def task_that_is_not_there(box):
    desk(box)


@mistake(f"{TASK} run {IN} t1", exits=1)
def task_run_before_it_is_approved(box):
    desk(box)


@mistake(f"{TASK} run {IN} t1", exits=1)
def task_run_without_a_terminal(box):
    desk(box)
    decide(box)


@mistake(f"{TASK} run {IN} --yes t1", exits=2)
def task_run_without_a_key(box):
    desk(box, signing=False)
    decide(box)


@mistake(f"{TASK} run {IN} --yes t1", exits=1)
def task_run_with_yes_to_what_nobody_has_seen(box):
    desk(box, policy=False)


@mistake(f"{TASK} run {IN} --yes t1", exits=1)
def task_run_after_its_device_config_was_edited(box):
    desk(box)
    decide(box)
    box.edit("ecu-a.yaml", "kind: sealed", "kind: sealed # as ever")


@mistake(f"{TASK} run {IN} --yes t1", exits=1)
def task_run_after_it_was_rejected(box):
    desk(box)
    decide(box, "REJECTED")


@mistake(f"{TASK} approve {IN} --decision APPROVED --reason tested {ALICE} "
         "t1", exits=1)
def task_approve_without_a_terminal(box):
    desk(box)


@mistake(f"{TASK} approve {IN} --decision APPROVED {ALICE} t1", exits=2)
def task_approve_without_a_reason(box):
    desk(box)


@mistake(f"{TASK} approve {IN} --decision APPROVED --reason tested --yes "
         f"--expect-digest {'0' * 64} {ALICE} t1", exits=1)
def task_approve_where_nobody_is_asked_to(box):
    desk(box, policy=False)


@mistake(f"{TASK} download {IN} -o os.seal t1", exits=1)
def task_download_before_it_is_made(box):
    desk(box)


@mistake(f"{TASK} download {IN} t1", exits=2)
def task_download_without_an_output(box):
    desk(box)


@mistake(f"{TASK} status {IN} t1", exits=3)
def task_state_that_was_edited(box):
    desk(box)
    box.edit("tasks/task/acme/t1/state.json", '"status":"CREATED"',
             '"status":"APPROVED"')
