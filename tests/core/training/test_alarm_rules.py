"""Each rule warns when it says that it does, once, and again after it was gone."""

from __future__ import annotations

from speefeare_core.training.alarm_rules import Alarms, broken_clips, collapse_perplexity, not_finite


def kinds(found: list[object]) -> list[str]:
    return [alarm.kind for alarm in found]  # type: ignore[attr-defined]


def test_a_book_collapses_over_two_whole_windows_and_not_at_the_start() -> None:
    alarms = Alarms()
    assert collapse_perplexity(1024) == 51.2
    assert collapse_perplexity(16) == 2.0
    assert alarms.books([40.0], [1024], True, 100) == []
    assert alarms.books([40.0], [1024], False, 300) == []
    assert alarms.books([40.0], [1024], True, 301) == []
    (told,) = alarms.books([40.0], [1024], True, 302)
    assert told.kind == "collapse"
    assert "Book 1 has collapsed: its perplexity is 40.0 of 1024 entries" in told.words
    assert alarms.books([40.0], [1024], True, 303) == []
    assert alarms.books([60.0], [1024], True, 304) == []
    assert alarms.books([40.0], [1024], True, 305) == []
    assert kinds(list(alarms.books([40.0], [1024], True, 306))) == ["collapse"]


def test_the_discriminators_win_after_five_lines() -> None:
    alarms = Alarms()
    low = {"discriminator": 0.19}
    told = [alarms.losses(low, (), 2.0) for _ in range(6)]
    assert [len(found) for found in told] == [0, 0, 0, 0, 1, 0]
    assert told[4][0].kind == "discriminator_wins"
    assert Alarms().losses({"discriminator": 0.21}, (), 2.0) == []
    assert all(not alarms.losses(low, (), None) for _ in range(9))


def test_waiting_for_data() -> None:
    alarms = Alarms()
    told = [alarms.losses({"loader_wait": share}, (), None) for share in (0.4, 0.4, 0.2, 0.4, 0.4, 0.4)]
    assert [kinds(list(found)) for found in told] == [[], [], [], [], [], ["loader_bound"]]
    assert "40% of the time" in told[-1][0].words


def test_a_gradient_far_longer_than_usual() -> None:
    alarms = Alarms()
    for norm in (1.0, 500.0, *[1.0] * 8):
        assert alarms.losses({"gradient_norm": norm}, (), None) == []
    (told,) = alarms.losses({"gradient_norm": 101.0}, (), None)
    assert told.kind == "gradient"


def test_overfitting_needs_falling_losses_and_five_worse_checkpoints() -> None:
    alarms = Alarms()
    alarms.losses({"mel": 1.0}, ("mel",), None)
    assert alarms.validation(5.0) == []
    found = []
    for step in range(1, 7):
        alarms.losses({"mel": 1.0 - 0.1 * step}, ("mel",), None)
        found.append(alarms.validation(5.2))
        assert alarms.worse_for == step
    assert [len(told) for told in found] == [0, 0, 0, 0, 1, 0]
    assert found[4][0].kind == "overfit"
    assert alarms.validation(4.9) == []
    assert alarms.worse_for == 0


def test_worse_checkpoints_are_no_overfitting_while_the_losses_rise() -> None:
    alarms = Alarms()
    alarms.losses({"mel": 1.0}, ("mel",), None)
    alarms.validation(5.0)
    alarms.losses({"mel": 1.1}, ("mel",), None)
    assert all(alarms.validation(6.0) == [] for _ in range(8))


def test_what_is_remembered_goes_through_a_checkpoint() -> None:
    alarms = Alarms()
    alarms.losses({"mel": 1.0, "loader_wait": 0.5, "gradient_norm": 3.0}, ("mel",), None)
    alarms.validation(5.0)
    again = Alarms.restored(alarms.state())
    assert again == alarms
    again.losses({"loader_wait": 0.5}, (), None)
    assert kinds(list(again.losses({"loader_wait": 0.5}, (), None))) == ["loader_bound"]
    assert alarms.standing == {"loader_bound": 1}


def test_the_words_of_single_alarms() -> None:
    assert "went back to step 100" in not_finite("the codec", 120, 100, 1, 3).words
    assert broken_clips({"a/b": "It is empty."}).words == "One clip cannot be read, as a/b: It is empty."
    assert broken_clips({"a/b": "x", "a/c": "y"}).words.startswith("2 clips cannot be read and are left out")
