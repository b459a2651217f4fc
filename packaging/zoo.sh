#!/usr/bin/env bash
# Trains the zoo, one small codec of each family on the same speech for the same time, measures each on speech that none
# has heard, and puts weights and cards into resources/codecs. Begun again, it goes on from where it was.
#
#   bash packaging/zoo.sh RUNS MINUTES LICENCE SPEECH... -- CLIPS...
#
# RUNS: the folder for the run folders; LICENCE: of the weights, as their speech asks for; SPEECH: as for
# `speefeare train --data`; CLIPS: sound files, or folders of them, for `speefeare evaluate`. FAMILIES="dac mimi" picks.
# Each family has one core for MINUTES, and as many families learn at once as there are cores: small networks gain more
# from twice as many steps than from batches twice as large.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -ge 6 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
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
families=${FAMILIES:-soundstream encodec dac speechtokenizer mimi xcodec wavtokenizer audiovae}
mkdir -p "$runs"

# A loss on the waveform, a few hundredths of the gradient: without one these codecs learn the colour of speech and not its
# pitch; on a GPU, in days, discriminators teach it. EnCodec's recipe has enough of it. Mimi, X-Codec and WavTokenizer were
# trained both ways, and are easier to understand without.
losses() {
    local mels="windows: [2048, 1024, 512, 256], hops: [480, 240, 120, 60]"
    case $1 in
        soundstream) printf '[{key: time_l1, weight: 2000}, {key: multiscale_mel, weight: 0.02}]' ;;
        dac | audiovae) printf '[{key: time_l1, weight: 2000}, {key: dac_mel, weight: 15}]' ;;
        speechtokenizer) printf '[{key: time_l1, weight: 15000}, {key: speechtokenizer_mel, weight: 1, options: {%s}}]' \
            "$mels, weights: [45, 45, 45, 45]" ;;
    esac
}

learn() { # one family, until its minutes are over; its recipe's own limit of steps is lifted
    local name=$1-16k-small waveform=() taught=()
    # Beside that loss the teacher weighs more too, or the first book learns the waveform instead of phones.
    [ "$1" != speechtokenizer ] || taught=(--set "semantic.weight=300" --set "reasons.semantic=Raised as the waveform's \
loss was, so that the first book still learns phones.")
    [ -z "$(losses "$1")" ] || waveform=(--set "losses=$(losses "$1")" --set "reasons.losses=A loss on the waveform for \
a few hundredths of the gradient; without discriminators, or days of them, nothing else tells the pitch.")
    .venv/bin/speefeare train "$runs/$name" --recipe "$name" "${speech[@]}" --minutes "$minutes" \
        --set "budget.steps=1000000" --set "reasons.budget=As long as every other codec of the zoo." \
        --set "licence=$licence" "${waveform[@]}" "${taught[@]}" >>"$runs/$name.log" 2>&1 &
    local training=$!
    trap 'kill "$training"; exit 1' TERM
    if wait "$training"; then
        printf '%s: trained\n' "$name"
    else
        printf '%s: not trained: %s\n' "$name" "$(tail -n 1 "$runs/$name.log")" >&2
        return 1
    fi
}

pending=() failed=0
trap 'kill $(jobs -rp) 2>/dev/null || true' EXIT # who ends this ends what still learns; it goes on the next time
trap 'exit 130' INT TERM
for family in $families; do
    while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do sleep 1; done
    learn "$family" &
    pending+=($!)
done
for process in "${pending[@]}"; do wait "$process" || failed=1; done
[ "$failed" -eq 0 ] || exit 1

for family in $families; do
    name=$family-16k-small
    run=$runs/$name shipped=resources/codecs/$name
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
