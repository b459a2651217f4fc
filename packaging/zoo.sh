#!/usr/bin/env bash
# Trains the zoo, one small codec of each family on the same speech for the same time, measures each on speech that none
# has heard, and puts weights and cards into resources/codecs. Begun again, it goes on from where it was.
#
#   bash packaging/zoo.sh RUNS MINUTES LICENCE SPEECH... -- CLIPS...
#
# RUNS: the folder for the run folders; LICENCE: of the weights, as their speech asks for; SPEECH: as for
# `speefeare train --data`; CLIPS: sound files, or folders of them, for `speefeare evaluate`. FAMILIES="dac mimi" picks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -ge 6 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
runs=$1 minutes=$2 licence=$3
shift 3
speech=()
while [ "$1" != -- ]; do
    speech+=(--data "$1")
    shift
done
shift
metrics=mel_distance,si_sdr,stoi,pesq_wb,visqol,dnsmos
cores=$(getconf _NPROCESSORS_ONLN)

for family in ${FAMILIES:-soundstream encodec dac speechtokenizer mimi xcodec wavtokenizer audiovae}; do
    name=$family-16k-small
    run=$runs/$name shipped=resources/codecs/$name
    .venv/bin/speefeare train "$run" --recipe "$name" "${speech[@]}" --minutes "$minutes" \
        --set "licence=$licence" --launcher torchrun --processes "$cores"
    mkdir -p "$shipped"
    .venv/bin/speefeare export "$run/model.safetensors" "$shipped/model.safetensors" --to safetensors --half
    depths=() # the bitrates that families have in common: 0.8, 2.4 and 3.2 kbps
    case $family in
        soundstream | encodec | dac) depths=(--depths 2,6) ;;
        speechtokenizer | xcodec) depths=(--depths 2,6,8) ;;
        mimi) depths=(--depths 8) ;;
    esac
    [ -e "$runs/$name.json" ] || .venv/bin/speefeare evaluate "$@" --codec "$shipped/model.safetensors" \
        "${depths[@]}" --metrics $metrics --jobs "$cores" --output "$runs/$name.json"
    .venv/bin/speefeare card "$run" --codec "$shipped/model.safetensors" --evaluation "$runs/$name.json" \
        --output "$shipped/card.md" --json >"$shipped/card.json"
done
