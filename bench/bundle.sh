#!/usr/bin/env bash
# Train all networks of the package again, put them into the package, and measure all that the docs say about them.
# bench/bundle.sh FOLDER PEN KINDS: FOLDER keeps what is trained, so that a second call goes on; PEN and KINDS are stroke
# files of drawings, and of unusual ways of writing. It takes about four hours on one core. PYTHON may name the Python.
set -euo pipefail
folder=$(realpath -m "$1") pen=$(realpath "$2") kinds=$(realpath "$3")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python}
mkdir -p "$folder"

if [ ! -s "$folder/refusal-0.safetensors" ]; then
  resume=()
  checkpoint=$folder/refusal-0.checkpoint.safetensors
  if [ -e "$checkpoint" ]; then resume=(--resume "$checkpoint"); fi
  "$python" -m fastcnn train --model refusal --recipe bundled --seed 0 --threads 1 \
    --out "$folder/refusal-0.safetensors" "${resume[@]}"
fi
"$python" -m fastcnn bench networks --weights "$folder" --out "$folder/trained"
for name in default paper committee refusal; do
  cp "$folder/$name-0.safetensors" "fastcnn/zoo/weights/$name.safetensors"
done
"$python" -m fastcnn bench networks robustness strings refusal --weights "$folder" --strokes "$pen"
"$python" -m fastcnn bench hands --strokes "$kinds"
