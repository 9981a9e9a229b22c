#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rehearse.sh [DIR]: do what ceremony.md says, all of it, and show it.
#
# There is no command of the ceremony in this script: it takes them from
# ceremony.md, one block after the other, runs each in the room that the block
# names, types what is to be typed there, and compares what is seen with what
# the document says is seen. So the document is right if this ends well.
#
# Works in DIR, which must not exist yet and is kept; without it in a temporary
# folder, which is removed. PKG_BIN names the folder with the tools (default:
# PATH). Needs no network.
set -eu
umask 077
unset CDPATH SOFTHSM2_CONF
LC_ALL=C.UTF-8
export LC_ALL

here=$(cd -- "$(dirname -- "$0")" && pwd)
top=$(cd -- "$here/../.." && pwd)
document=$here/ceremony.md

die() {
	printf 'rehearse.sh: %s\n' "$@" >&2
	exit 1
}

[ $# -le 1 ] || {
	echo "usage: rehearse.sh [DIR]" >&2
	exit 2
}

### Before the curtain rises #################################################

[ -z "${PKG_BIN:-}" ] || PATH=$(cd -- "$PKG_BIN" && pwd):$PATH
command -v pkg-seal >/dev/null && command -v pkg-verify >/dev/null ||
	die "pkg-seal and pkg-verify are not on PATH" \
		"Build them (sh examples/quickstart.sh does), then:" \
		"  PKG_BIN=build/quickstart/tools sh examples/ceremony/rehearse.sh"
command -v script >/dev/null ||
	die "script is missing, which plays a terminal: apt-get install bsdutils"

work=
talking=
finish() {
	status=$?
	[ -z "$talking" ] || kill "$talking" 2>/dev/null || :
	if [ -n "$work" ]; then
		rm -rf "$work/.rehearsal"
		[ $# -gt 0 ] || rm -rf "$work"
	fi
	exit "$status"
}
trap 'finish "$@"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

if [ $# -eq 1 ]; then
	[ ! -e "$1" ] || die "$1 exists; name a folder that is to be made"
	mkdir -p -- "$1"
	work=$(cd -- "$1" && pwd)
else
	work=$(mktemp -d "${TMPDIR:-/tmp}/ceremony.XXXXXX")
fi
play=$work/.rehearsal
mkdir "$play"
# The document's commands name it as one who stands at the top of the sources.
ln -s "$top/examples" "$work/examples"

### One block ################################################################

cr=$(printf '\r')
esc=$(printf '\033')

# What a terminal was sent, as a person sees it: the last state of each line.
as_seen() {
	sed "s/$cr*\$//; s/.*$esc\\[K//; s/.*$cr//; s/$esc\\[[0-9;]*m//g" "$@"
}

# answer LOG: type the answers of the block when they are asked for.
answer() {
	sed -n 's/«\(.*\)»$/\
\1/p' "$play/seen" | while IFS= read -r prompt && IFS= read -r words; do
		printf '%s\n' "$prompt" >>"$play/asked"
		count=$(grep -cxF -e "$prompt" "$play/asked")
		tries=0
		while [ "$(grep -cF -e "$prompt" "$1" || :)" -lt "$count" ]; do
			tries=$((tries + 1))
			[ "$tries" -lt 600 ] || exit 1
			sleep 0.1
		done
		printf '%s\n' "$words"
	done
	# The terminal stays open until the command has ended.
	while [ ! -e "$play/ended" ]; do
		sleep 0.1
	done
}

# Run $play/block in the room; what is seen goes to $play/screen.
run_block() {
	rm -f "$play/ended" "$play/asked" "$play/pipe" "$play/log"
	: >"$play/log"
	status=0
	if ! grep -q '«' "$play/seen"; then
		(cd "$work/$room" && sh -eu "$play/block") >"$play/log" 2>&1 \
			</dev/null || status=$?
	else
		mkfifo "$play/pipe"
		answer "$play/log" >"$play/pipe" &
		talking=$!
		(cd "$work/$room" && script -qefc "sh -eu '$play/block'" \
			/dev/null) <"$play/pipe" >"$play/log" 2>&1 || status=$?
		: >"$play/ended"
		wait "$talking" || :
		talking=
	fi
	as_seen "$play/log" >"$play/screen"
	[ "$status" -eq 0 ] || echo "exit status $status" >>"$play/screen"
}

# Each line of $play/seen must be on the screen, in that order. "…" stands for
# anything, and so does an answer, which a terminal need not show.
# Prints the first line that is not there.
compare() {
	awk '
	function fits(line, wanted,	parts, part, i, at) {
		parts = split(wanted, part, "…")
		if (parts < 2)
			return line == wanted
		if (substr(line, 1, length(part[1])) != part[1])
			return 0
		line = substr(line, length(part[1]) + 1)
		for (i = 2; i < parts; i++) {
			at = index(line, part[i])
			if (at == 0)
				return 0
			line = substr(line, at + length(part[i]))
		}
		at = length(line) - length(part[parts]) + 1
		return at > 0 && substr(line, at) == part[parts]
	}
	FILENAME != screen {
		sub(/«.*»$/, "…")
		wanted[++count] = $0
		next
	}
	next_one < count && fits($0, wanted[next_one + 1]) { next_one++ }
	END {
		if (next_one < count) {
			print wanted[next_one + 1]
			exit 1
		}
	}' screen="$play/screen" "$play/seen" "$play/screen"
}

# Run the block that was read last, if there is one.
perform() {
	[ -n "$room" ] || return 0
	blocks=$((blocks + 1))
	prompt=${room##*/}
	[ "$room" != . ] || prompt=corridor
	sed "s|^|  $prompt\$ |" "$play/block"
	run_block
	sed 's/^/  | /' "$play/screen"
	lost=$(compare) || die "what ceremony.md (line $number) shows was not seen:" \
		"  $lost"
	if [ "$status" -ne 0 ] &&
		! grep -qxF "exit status $status" "$play/seen"; then
		die "a command of ceremony.md (line $number) failed with exit" \
			"status $status, which the document does not say"
	fi
	room=
}

### The document #############################################################

room='' inside='' number=0 at=0 blocks=0
while IFS= read -r line <&3; do
	at=$((at + 1))
	case $inside:$line in
	:'```sh '*)
		perform
		room=${line#'```sh '} number=$at inside=block
		: >"$play/block"
		: >"$play/seen"
		;;
	:'```text')
		[ -n "$room" ] || die "line $at shows what no command was before"
		inside=seen
		;;
	:'```'*) die "line $at: a block that is neither sh ROOM nor text" ;;
	:'#'*)
		perform
		printf '\n%s\n\n' "$line"
		;;
	:*) ;;
	*:'```')
		# What a session sets has to last.
		if [ "$inside:$room" = block:session ]; then
			sed 's/^/  everybody$ /' "$play/block"
			cd "$work"
			# shellcheck source=/dev/null
			. "$play/block"
			room=
		fi
		inside=
		;;
	*) printf '%s\n' "$line" >>"$play/$inside" ;;
	esac
done 3<"$document"
[ -z "$inside" ] || die "the last block of ceremony.md does not end"
perform

printf '\nAll %d blocks of ceremony.md did what it says.\n' "$blocks"
[ $# -eq 0 ] || echo "What they made is in $work."
