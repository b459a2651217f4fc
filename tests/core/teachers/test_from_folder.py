"""HuBERT and WavLM from folders as transformers writes them, weights drawn at random."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers import open_teacher
from speefeare_core.teachers.semantic import SemanticTeacher

OPTIONS = {
    "conv_dim": [8] * 7, "hidden_size": 64, "intermediate_size": 32, "num_attention_heads": 1,
    "num_conv_pos_embedding_groups": 4, "num_conv_pos_embeddings": 8, "num_hidden_layers": 2,
}  # fmt: skip


def folder_of(path: Path, kind: str, *, head: str = "", binary: bool = False) -> SemanticTeacher:
    torch.manual_seed(0)
    teacher = SemanticTeacher(kind, OPTIONS)
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"model_type": kind, **OPTIONS}))
    tensors = {head + name: tensor.contiguous() for name, tensor in teacher.model.state_dict().items()}
    if head:
        tensors["lm_head.weight"] = torch.zeros(3, 64)
    if binary:
        torch.save(tensors, path / "pytorch_model.bin")
    else:
        save_file(tensors, str(path / "model.safetensors"))
    return teacher


@pytest.mark.parametrize(
    ("kind", "head", "binary"), [("hubert", "", False), ("wavlm", "", True), ("hubert", "hubert.", False)]
)
def test_a_folder_gives_the_teacher_that_was_saved(kind: str, head: str, binary: bool, tmp_path: Path) -> None:
    saved = folder_of(tmp_path / "teacher", kind, head=head, binary=binary)
    opened = open_teacher(kind, str(tmp_path / "teacher"))
    audio = torch.randn(1, 1, 3200) * 0.1
    torch.testing.assert_close(opened.hear(audio), saved.hear(audio))
    assert (opened.width, opened.hop_samples) == (64, 320) and opened.fingerprint == saved.fingerprint
    other = open_teacher(kind, str(tmp_path / "teacher"))
    with torch.no_grad():
        next(iter(other.parameters())).add_(1)
    assert other.fingerprint != opened.fingerprint


def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path) -> None:
    folder_of(tmp_path / "wavlm", "wavlm")
    with pytest.raises(SpeefeareError, match="is a WavLM, not a HuBERT; set teacher.key to wavlm"):
        open_teacher("hubert", str(tmp_path / "wavlm"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpeefeareError, match="holds no weights"):
        open_teacher("hubert", str(tmp_path / "empty"))
    with pytest.raises(SpeefeareError, match="no teacher's file or folder"):
        open_teacher("hubert", str(tmp_path / "nowhere"))
    save_file({"something": torch.zeros(2)}, str(tmp_path / "empty" / "model.safetensors"))
    with pytest.raises(SpeefeareError, match="is no HuBERT in transformers' format"):
        open_teacher("hubert", str(tmp_path / "empty"))
    folder_of(tmp_path / "cut", "hubert")
    torch.manual_seed(0)
    state = dict(SemanticTeacher("hubert", OPTIONS).model.state_dict())
    state.pop("encoder.layers.1.attention.k_proj.bias")
    save_file(
        {name: tensor.contiguous() for name, tensor in state.items()}, str(tmp_path / "cut" / "model.safetensors")
    )
    with pytest.raises(SpeefeareError, match=r"lacks encoder\.layers\.1\.attention\.k_proj\.bias"):
        open_teacher("hubert", str(tmp_path / "cut"))
