"""From what the engine says of one topic each to what is true now: the table of the topics.

A topic is a module with a `TOPIC` and a row in `TOPICS`.
"""

from __future__ import annotations

from workbench.event_handlers import columns, edits, ladder, latents, marks, sounds, token_statistics, voice
from workbench.event_handlers.topic import Handler as Handler
from workbench.event_handlers.topic import Topic as Topic

TOPICS: tuple[Topic, ...] = (
    columns.TOPIC,
    marks.TOPIC,
    edits.TOPIC,
    latents.TOPIC,
    ladder.TOPIC,
    token_statistics.TOPIC,
    voice.TOPIC,
    sounds.TOPIC,
)
