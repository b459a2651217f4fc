"""An example of a codec plug-in. Only the table row is here; the codec is imported when it is needed."""

from speefeare_core.checkpoints.layouts import Layout
from speefeare_core.codecs import Family

FAMILY = Family(
    key="wavepack",
    title="Wavepack (example)",
    loader="speefeare_wavepack.codec:WavepackCodec",
    prefixes=("wavepack:",),
    layouts=(Layout("wavepack", "official", "Wavepack", ("wavepack.steps",)),),
)
