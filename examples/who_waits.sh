#!/bin/sh
# Who waits for a person now, longest first, by kcat and jq: sh examples/who_waits.sh
# Debian: apt-get install kcat jq. The broker and the prefix are those of the workers' settings.
set -eu
broker=${GROUNDSWELL_BROKER:?host:port of Kafka, as groundswell up prints it}
kcat -b "$broker" \
    -C -t "${GROUNDSWELL_TOPIC_PREFIX-groundswell.}handoffs.v1" -o beginning -e -q -f '%s\n' |
jq -rs '
    # At least once, and every revision of a case: the highest counts. Null is the deletion of one that is long over.
    map(select(. != null)) | group_by(.id) | map(max_by(.revision))
    | map(select(.status == "open")) | sort_by(.waiting_since)[]
    | "\(.waiting_since)  \(.brand), \(.source) \(.id): \(.reasons | join(", "))\n  “\(.quote.text)”"'
